import Checkpoints
import Foundation
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import CLIP

/// Against OpenAI's modified ResNet with the weights of `Tools/Fixtures/make_resnet.py`.
@Suite struct ResidualNetworkTests {
    private static func open(_ name: String) throws -> Checkpoint {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try Checkpoint.open(path: folder.appendingPathComponent("Fixtures/\(name)").path)
    }

    private func model(_ checkpoint: Checkpoint) throws -> CLIPModel {
        try CLIPModel(checkpoint: checkpoint, tokenizer: Tokenizer(merges: Array("a b\nab c</w>\n".utf8)))
    }

    @Test func sizesAreReadOffTheWeights() throws {
        let configuration = try model(Self.open("resnet.safetensors")).configuration
        #expect(configuration.isResNet && configuration.imageResolution == 64)
        #expect(configuration.residual == ResidualSizes(width: 4, blocks: [2, 1, 1, 1]))
        #expect(configuration.image.width == 128 && configuration.image.heads == 2)
        #expect(configuration.dimension == 6)
    }

    @Test func embeddingsAreThePublishedOnes() throws {
        Threads.limit(to: 1)
        let expected = try Self.open("resnet-expected.safetensors")
        let images = try expected.tensor("images")
        let published = try expected.tensor("embeddings")
        let model = try model(Self.open("resnet.safetensors"))
        var found = Tensor(zeros: published.shape)
        try model.imageEncoder(batch: 2).embed(images, count: nil, into: &found, isNormalised: false)
        // Sums of up to a few hundred float32 products through 17 layers.
        let length = published.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let error = zip(found.values, published.values).reduce(Float(0)) {
            $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
        }
        #expect(error.squareRoot() / length < 1e-5)
    }

    @Test func anEmbeddingDoesNotDependOnItsCompany() throws {
        Threads.limit(to: 1)
        let images = try Self.open("resnet-expected.safetensors").tensor("images")
        let model = try model(Self.open("resnet.safetensors"))
        let both = try model.imageEncoder(batch: 7).embed(images)
        let encoder = try model.imageEncoder(batch: 1)
        let size = images.count / 2
        for row in 0..<2 {
            let image = try Tensor(images.values[row * size..<(row + 1) * size], shape: [1, 3, 64, 64])
            #expect(try encoder.embed(image).values == Array(both.values[row * 6..<row * 6 + 6]))
        }
    }

    @Test func everyMissingTensorIsNamed() throws {
        let whole = try Self.open("resnet.safetensors")
        let folder = try TemporaryFolder()
        var all: [String: Tensor] = [:]
        for name in whole.names { all[name] = try whole.tensor(name) }
        // Counted but not read; and what tells that it is a ResNet at all, or how many blocks it has.
        let others = ["logit_scale", "visual.attnpool.positional_embedding"]
        for missing in whole.names
        where !missing.hasSuffix("num_batches_tracked") && !others.contains(missing)
            && !missing.contains(".1.conv1.weight")
        {
            var tensors = all
            tensors[missing] = nil
            try SafetensorsFile.write(tensors, path: folder.file("clip.safetensors"))
            #expect("\(missing)") {
                _ = try model(.open(path: folder.file("clip.safetensors"))).configuration
            } throws: { "\($0)".contains(missing) || "\($0)".contains("stages of") }
        }
    }

    /// Against PyTorch's autograd in float64 (`Tools/Fixtures/make_resnet_gradients.py`): float32 through 17 layers.
    @Test(arguments: [2, 3]) func gradientsAreAutograds(batch: Int) throws {
        Threads.limit(to: 1)
        let published = try Self.open("resnet-expected.safetensors")
        let expected = try Self.open("resnet-gradients.safetensors").tensor("gradients")
        let size = expected.count / 2
        let image = try Tensor(
            published.tensor("images").values.prefix(size), shape: [1, 3, 64, 64])
        let gradient = try model(Self.open("resnet.safetensors")).imageGradient(batch: batch)
        var random = NumPyRandomState(seed: 18)
        let embeddings = try Tensor(random.gaussians(12), shape: [2, 6])
        var found = Tensor(zeros: [batch, 3, 64, 64])
        // Twice, for the second finds what the first left in its maps.
        for _ in 0..<2 {
            let unit = try gradient.keep(image)
            #expect(abs(unit.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
            try gradient(embeddings, rows: 0..<2, into: &found)
        }
        for row in 0..<2 {
            let range = row * size..<(row + 1) * size
            let (error, length) = range.reduce((0.0, 0.0)) { sums, i in
                let difference = Double(found[i] - expected[i])
                return (sums.0 + difference * difference, sums.1 + Double(expected[i] * expected[i]))
            }
            #expect((error / length).squareRoot() < 1e-4)
        }
    }
}
