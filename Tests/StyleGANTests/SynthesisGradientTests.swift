import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import StyleGAN

/// Against central differences of the forward networks, on channels that do not fill their blocks.
@Suite struct SynthesisGradientTests {
    private func generator(channels: Int) throws -> Generator {
        let folder = try TemporaryFolder()
        let path = folder.file("generator.safetensors")
        try TinyModels.writeGenerator(path: path, channels: channels)
        return try Generator(checkpoint: .open(path: path))
    }

    @Test(arguments: [5, 16, 21]) func stylesGradientsAreTheirDifferences(channels: Int) throws {
        Threads.limit(to: 1)
        let generator = try generator(channels: channels)
        let count = generator.styleSpace.count
        var random = NumPyRandomState(seed: 31)
        let styles = random.gaussians(count).map { 1 + $0 / 2 }
        let side = generator.configuration.resolution
        let pictures = try Tensor(random.gaussians(3 * 3 * side * side), shape: Shape([3, 3, side, side]))
        let gradient = try SynthesisGradient(generator, batch: 3)
        let synthesis = try Synthesis(generator, batch: 1)
        let picture = try gradient.keep(styles: Tensor(styles))
        #expect(
            try distance(picture, synthesis.images(styles: Tensor(styles, shape: Shape([1, count])))) < 1e-5)
        var found = Tensor(zeros: try Shape([3, count]))
        try gradient(pictures: pictures, into: &found, rows: 0..<3)
        let size = pictures.count / 3
        for row in 0..<3 {
            let error = try CentralDifferences.error(
                at: styles, outputGradient: Array(pictures.values[row * size..<(row + 1) * size]),
                gradient: Array(found.values[row * count..<(row + 1) * count]), step: 1 / 8192
            ) { try synthesis.images(styles: Tensor($0, shape: Shape([1, count]))).values }
            // Coarse: a larger step takes more activations round their corner, a smaller one drowns in float32's
            // rounding. What autograd says of whole networks is compared to a few parts in 10⁵.
            #expect(error < 2e-2)
        }
    }

    @Test func latentsGradientsAreTheirDifferences() throws {
        let generator = try generator(channels: 6)
        var random = NumPyRandomState(seed: 32)
        let configuration = generator.configuration
        let z = random.gaussians(configuration.zDimension)
        let shape = try Shape([1, configuration.zDimension])
        let truncation = Truncation(psi: 0.6, cutoff: 3)
        let gradients = random.gaussians(generator.styleSpace.count)
        let latents = try generator.styleSpace.latentGradients(
            Tensor(gradients, shape: Shape([1, gradients.count])))
        let w = try generator.gradients(ofLatents: latents, truncation: truncation)
        let found = try generator.mapping.gradients(of: Tensor(z, shape: shape), w: w)
        let plus = try generator.latents(z: Tensor(z, shape: shape), truncation: truncation)
        // s is linear in w+.
        #expect(
            try CentralDifferences.error(
                at: plus.values, outputGradient: gradients, gradient: latents.values, step: 1
            ) { try generator.styleSpace.styles(Tensor($0, shape: plus.shape)).values } < 1e-5)
        #expect(
            try CentralDifferences.error(
                at: z, outputGradient: gradients, gradient: found.values, step: 1 / 256
            ) { try generator.styles(z: Tensor($0, shape: shape), truncation: truncation).values } < 2e-3)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let generator = try generator(channels: 4)
        let count = generator.styleSpace.count
        #expect(throws: GeneratorError.self) { try SynthesisGradient(generator, batch: 0) }
        #expect(throws: GeneratorError.self) {
            try SynthesisGradient(generator, batch: 2, weights: SynthesisGradientWeights(generator, batch: 3))
        }
        let gradient = try SynthesisGradient(generator, batch: 2)
        var found = Tensor(zeros: try Shape([2, count]))
        let pictures = Tensor(zeros: [2, 3, 16, 16])
        #expect(throws: GeneratorError.self) {
            try gradient(pictures: pictures, into: &found, rows: 0..<1)  // nothing kept yet
        }
        #expect(throws: GeneratorError.self) { _ = try gradient.keep(styles: Tensor([1])) }
        _ = try gradient.keep(styles: Tensor([Float](repeating: 1, count: count)))
        #expect(throws: GeneratorError.self) { try gradient(pictures: pictures, into: &found, rows: 0..<0) }
        #expect(throws: GeneratorError.self) { try gradient(pictures: pictures, into: &found, rows: 1..<3) }
        #expect(throws: GeneratorError.self) {
            try gradient(pictures: Tensor(zeros: [2, 3, 8, 8]), into: &found, rows: 0..<1)
        }
        #expect(throws: GeneratorError.self) { try generator.styleSpace.latentGradients(Tensor([1])) }
        #expect(throws: GeneratorError.self) {
            try generator.mapping.gradients(of: Tensor(zeros: [1, 8]), w: Tensor(zeros: [2, 8]))
        }
    }
}
