import AnimalFaces
import CLIP
import Checkpoints
import Foundation
import NeuralLayers
import StyleGAN
import Tensors
import TestSupport
import Testing

@testable import Relevance

/// Whole networks, z → w+ → s → picture → unit embedding, against PyTorch's autograd in float64
/// (`Tools/Fixtures/make_gradients.py`).
@Suite struct EmbeddingGradientTests {
    /// A pair of models and what autograd says of it.
    enum Models: String, CaseIterable {
        case animalFaces = "animal-faces"
        case conformance

        var isPresent: Bool { self == .animalFaces || Conformance.isPresent }

        func open() throws -> (Generator, CLIPModel) {
            switch self {
            case .animalFaces:
                return (
                    try Generator(checkpoint: .open(path: AnimalFaces.resource(.generator))),
                    try CLIPModel.open(
                        path: AnimalFaces.resource(.clip), merges: AnimalFaces.resource(.merges))
                )
            case .conformance:
                return (
                    try Generator(
                        checkpoint: .open(path: Conformance.path("stylegan2-nvidia/generator.safetensors"))),
                    try CLIPModel.open(
                        path: Conformance.path("clip/clip.safetensors"),
                        merges: Conformance.path("clip-bpe/bpe_simple_vocab_16e6.txt.gz"))
                )
            }
        }

        func expected(_ name: String) throws -> Tensor {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Fixtures/gradients.safetensors").path
            return try Checkpoint.open(path: file).tensor("\(rawValue).\(name)")
        }
    }

    /// The distance of two sets of rows over the length of the expected ones, row by row: the largest.
    private func relativeError(_ found: Tensor, _ expected: Tensor) -> Double {
        guard found.count == expected.count, expected.shape[0] > 0 else { return .infinity }
        let width = expected.count / expected.shape[0]
        return (0..<expected.shape[0]).map { row in
            let range = row * width..<(row + 1) * width
            let (distance, length) = range.reduce((0.0, 0.0)) { sums, i in
                let difference = Double(found[i]) - Double(expected[i])
                return (
                    sums.0 + difference * difference, sums.1 + Double(expected[i]) * Double(expected[i])
                )
            }
            return (distance / length).squareRoot()
        }.max() ?? .infinity
    }

    /// Float32 through some twenty layers, Winograd's convolutions among them: a few parts in 10⁵. 1e-3 is the bar.
    @Test(arguments: Models.allCases.filter(\.isPresent))
    func wholeNetworksHaveAutogradsGradients(models: Models) throws {
        Threads.limit(to: 1)
        let (generator, model) = try models.open()
        var random = NumPyRandomState(seed: 17)
        let depth = generator.configuration.zDimension
        let z = try Tensor(random.gaussians(depth), shape: [1, depth])
        let dimension = model.configuration.dimension
        let embeddings = try Tensor(random.gaussians(3 * dimension), shape: [3, dimension])

        let styles = try generator.styles(z: z, truncation: Truncation())
        // A batch of 2 makes two passes of three gradients, the second not full.
        for batch in [2, 5] {
            let gradient = try EmbeddingGradient(generator, model, batch: batch)
            let embedding = try gradient.keep(styles: styles)
            let expected = try models.expected("embedding")
            #expect(relativeError(Tensor(embedding), try expected.reshaped(to: [1, dimension])) < 1e-4)
            var found = Tensor(zeros: [3, generator.styleSpace.count])
            try gradient(embeddings, into: &found)
            #expect(relativeError(found, try models.expected("s")) < 2e-4)

            let latents = try generator.styleSpace.latentGradients(found)
            #expect(relativeError(latents, try models.expected("w+")) < 2e-4)
            let w = try generator.gradients(ofLatents: latents, truncation: Truncation())
            let repeated = try Tensor((0..<3).flatMap { _ in z.values }, shape: [3, depth])
            let ofZ = try generator.mapping.gradients(of: repeated, w: w)
            #expect(relativeError(ofZ, try models.expected("z")) < 2e-4)
        }
    }

    @Test func aGradientDependsNeitherOnItsCompanyNorOnThreadsNorOnThePictureBefore() throws {
        Threads.limit(to: 1)
        let (generator, model) = try Models.animalFaces.open()
        var random = NumPyRandomState(seed: 5)
        let depth = generator.configuration.zDimension
        let pictures = try (0..<2).map { _ in
            try generator.styles(
                z: Tensor(random.gaussians(depth), shape: [1, depth]), truncation: Truncation())
        }
        let (dimension, count) = (model.configuration.dimension, generator.styleSpace.count)
        let embeddings = try Tensor(random.gaussians(5 * dimension), shape: [5, dimension])
        // Three threads share two batches.
        let gradient = try EmbeddingGradient(generator, model, batch: 4, threads: 3)
        _ = try gradient.keep(styles: pictures[0])
        var together = Tensor(zeros: [5, count])
        try gradient(embeddings, into: &together)
        _ = try gradient.keep(styles: pictures[1])
        var other = Tensor(zeros: [5, count])
        try gradient(embeddings, into: &other)
        #expect(other != together)
        _ = try gradient.keep(styles: pictures[0])
        let single = try EmbeddingGradient(generator, model, batch: 4)
        _ = try single.keep(styles: pictures[0])
        var again = together
        try single(embeddings, into: &again)
        #expect(again == together)
        for row in 0..<5 {
            var alone = Tensor(zeros: [1, count])
            let one = try Tensor(
                embeddings.values[row * dimension..<(row + 1) * dimension], shape: [1, dimension])
            try gradient(one, into: &alone)
            #expect(alone.values == Array(together.values[row * count..<(row + 1) * count]))
        }
    }

    @Test func damagedWeightsAreNamedByTheirLayer() throws {
        let folder = try TemporaryFolder()
        let (path, clip, merges) = (
            folder.file("g.safetensors"), folder.file("c.safetensors"), folder.file("m")
        )
        try TinyModels.writeGenerator(path: path)
        try TinyModels.writeCLIP(path: clip, merges: merges)
        var tensors: [String: Tensor] = [:]
        let whole = try Checkpoint.open(path: path)
        for name in whole.names { tensors[name] = try whole.tensor(name) }
        tensors["synthesis.b8.conv1.bias"]?[3] = .nan
        try SafetensorsFile.write(tensors, path: folder.file("damaged.safetensors"))
        let generator = try Generator(checkpoint: .open(path: folder.file("damaged.safetensors")))
        let gradient = try EmbeddingGradient(generator, CLIPModel.open(path: clip, merges: merges), batch: 1)
        let styles = Tensor([Float](repeating: 1, count: generator.styleSpace.count))
        do {
            _ = try gradient.keep(styles: styles)
            Issue.record("a picture of damaged weights was kept")
        } catch {
            #expect(error.description.contains("b8.conv1"))
        }
        var found = Tensor(zeros: [1, generator.styleSpace.count])
        #expect(throws: RelevanceError.self) { try gradient(Tensor(zeros: [1, 8]), into: &found) }
    }
}
