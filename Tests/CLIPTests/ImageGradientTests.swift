import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import CLIP

/// The ends of the image encoder's way back, against central differences of the way there.
@Suite struct ImageGradientTests {
    @Test func aUnitVectorsGradientIsItsDifferences() throws {
        var random = NumPyRandomState(seed: 51)
        let (vector, outputGradient) = (random.gaussians(37).map { 3 * $0 }, random.gaussians(37))
        func unit(_ values: [Float]) -> [Float] {
            var result = values
            result.withUnsafeMutableBufferPointer { UnitVector.normalise($0) }
            return result
        }
        let length = CentralDifferences.dot(vector, vector).squareRoot()
        var gradient = [Float](repeating: 9, count: 37)
        outputGradient.withUnsafeBufferPointer { source in
            gradient.withUnsafeMutableBufferPointer {
                UnitVector.gradient(source, at: unit(vector), length: length, into: $0)
            }
        }
        let error = CentralDifferences.error(
            at: vector, outputGradient: outputGradient, gradient: gradient, step: 1 / 64, of: unit)
        #expect(error < 2e-3)
    }

    /// Clamp, resampling, the second clamp, normalisation and the cut into patches, of pictures that are wide, tall, of
    /// CLIP's own size, and much larger; one in eight of their values lies beyond the clamp.
    @Test(arguments: [(16, 16), (11, 29), (40, 17), (64, 64)])
    func aPreparationsGradientIsItsDifferences(height: Int, width: Int) throws {
        let folder = try TemporaryFolder()
        let (path, merges) = (folder.file("c.safetensors"), folder.file("m"))
        try TinyModels.writeCLIP(path: path, merges: merges)
        let configuration = try CLIPModel.open(path: path, merges: merges).configuration
        let preparation = try ImagePreparation(height: height, width: width, for: configuration)
        let gradient = try ImagePreparationGradient(preparation)
        let (tokens, patch) = (
            configuration.imageTokens, 3 * configuration.patchSize * configuration.patchSize
        )
        var random = NumPyRandomState(seed: 52)
        // Values well within the clamp or well beyond it, so that no step crosses its corner.
        let image = random.gaussians(3 * height * width).enumerated().map { i, value in
            i % 8 == 3 ? (value < 0 ? -1.5 : 1.5) : max(-0.4, min(0.4, value / 4))
        }
        let outputGradient = try Activations(
            Tensor(random.gaussians(tokens * patch), shape: [tokens, patch]))
        outputGradient[row: 0].update(repeating: 0)  // the class token's row is nobody's pixels
        let patches = try Activations(rows: tokens, width: patch)
        func run(_ image: [Float]) -> [Float] {
            image.withUnsafeBufferPointer { preparation.patches(of: $0, into: patches, row: 0) }
            return Array(patches.elements)
        }
        _ = run(image)
        var found = [Float](repeating: 9, count: image.count)
        found.withUnsafeMutableBufferPointer { gradient(fromPatches: outputGradient, row: 0, into: $0) }
        let error = CentralDifferences.error(
            at: image, outputGradient: Array(outputGradient.elements), gradient: found, step: 1 / 256, of: run
        )
        // Resampled values that overshoot the second clamp bend between the two ends of a step.
        #expect(error < 2e-2)
    }
}
