import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import CLIP

/// Against OpenAI's CLIP with random weights.
@Suite(.enabled(if: Conformance.isPresent, "needs ../shared/conformance"))
struct CLIPModelTests {
    private static let texts = [
        "a photo of a tiger", "A PHOTO of  a Tiger!", "a person with purple hair", "grey hair",
        "a photo of a {car}.", "it's the cat's whiskers, isn't it?", "naïve café crème", "smiling 😀 face",
        "3.14159 and 42nd street", "hello&amp;goodbye", "under_score-hyphen/slash", "日本の虎",
        "tab\tand\nnewline", "pneumonoultramicroscopicsilicovolcanoconiosis", "",
    ]

    private func model() throws -> CLIPModel {
        let tokenizer = try Tokenizer.open(path: Conformance.path("clip-bpe/bpe_simple_vocab_16e6.txt.gz"))
        // The reference has two heads of 16, where OpenAI's own models have heads of 64.
        return try CLIPModel(
            checkpoint: .open(path: Conformance.path("clip/clip.safetensors")), tokenizer: tokenizer,
            textHeads: 2)
    }

    @Test func textEmbeddingsAreThePublishedOnes() throws {
        Threads.limit(to: 1)
        let expected = try Checkpoint.open(path: Conformance.path("clip/expected.safetensors"))
        let found = try model().textEncoder().embed(Self.texts)
        #expect(relativeError(found, try expected.tensor("text_embedding")) < 1e-4)
    }

    @Test func aTextsEmbeddingDoesNotDependOnItsCompany() throws {
        Threads.limit(to: 1)
        let encoder = try model().textEncoder()
        let together = try encoder.embed(Self.texts)
        let dimension = together.shape[1]
        for (row, text) in Self.texts.enumerated() {
            let alone = try encoder.embed([text])
            for i in 0..<dimension { #expect(abs(alone[i] - together[row * dimension + i]) < 1e-5) }
        }
    }

    @Test func imageEmbeddingsAreThePublishedOnes() throws {
        Threads.limit(to: 1)
        let expected = try Checkpoint.open(path: Conformance.path("clip/expected.safetensors"))
        let normalised = try expected.tensor("image_normalised")
        // Back to −1…1, so that the encoder's own normalisation is under test as well.
        let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
        let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]
        var pictures = normalised
        for i in 0..<pictures.count {
            let plane = i / (64 * 64) % 3
            pictures[i] = (normalised[i] * deviation[plane] + mean[plane]) * 2 - 1
        }
        let published = try expected.tensor("image_embedding")
        for batch in [3, 5] {
            let encoder = try model().imageEncoder(batch: batch, imageResolution: 64)
            var found = Tensor(zeros: try Shape([batch, published.shape[1]]))
            try encoder.embed(pictures, into: &found)
            for row in 0..<3 {
                let width = published.shape[1]
                let unit = Tensor(Array(published.values[row * width..<(row + 1) * width])).unit
                // Colours beyond 0…1 by rounding are clamped, which float16 weights do not see.
                for i in 0..<width { #expect(abs(found[row * width + i] - unit[i]) < 1e-4) }
            }
        }
    }

    @Test func resizingIsPILs() {
        // Image.fromarray(x, mode="F").resize((4, 4), Image.BICUBIC) of Pillow, x = (i · 37 mod 101) / 100.
        let expected: [Float] = [
            0.347971, 0.489325, 0.578916, 0.616009,
            0.427017, 0.583884, 0.527000, 0.470358,
            0.537148, 0.509533, 0.421801, 0.533166,
            0.427192, 0.428590, 0.470858, 0.622634,
        ]
        var resize = BicubicResize(from: 11, to: 4)
        let plane = (0..<121).map { Float($0 * 37 % 101) / 100 }
        var found = [Float](repeating: 0, count: 16)
        resize(plane, into: &found)
        // Sums of fifty products of float32; the numbers above have six decimals.
        for (ours, theirs) in zip(found, expected) { #expect(abs(ours - theirs) < 2e-6) }
    }

    @Test func resizingKeepsConstantsAndStraightLines() {
        for (source, target) in [(64, 32), (97, 64), (20, 33), (7, 7)] {
            var resize = BicubicResize(from: source, to: target)
            let plane = (0..<source * source).map { Float($0 % source) / Float(source) }
            var found = [Float](repeating: 0, count: target * target)
            resize(plane, into: &found)
            for x in target / 3..<target * 2 / 3 {
                // Keys' kernel reproduces a straight line; the antialiased weights do so by their symmetry.
                let exact = ((Float(x) + 0.5) * Float(source) / Float(target) - 0.5) / Float(source)
                #expect(abs(found[target * (target / 2) + x] - exact) < 0.01, "\(source) to \(target)")
            }
        }
    }

    @Test func anotherKindOfFileIsNamed() throws {
        let merges = Conformance.path("clip-bpe/bpe_simple_vocab_16e6.txt.gz")
        let generator = Conformance.path("stylegan2-nvidia/generator.safetensors")
        #expect(throws: CLIPError.self) { try CLIPModel.open(path: generator, merges: merges) }
    }

    private func relativeError(_ found: Tensor, _ expected: Tensor) -> Float {
        guard found.shape == expected.shape else { return .infinity }
        let width = expected.shape[1]
        return (0..<expected.shape[0]).reduce(0) { worst, row in
            var (difference, norm): (Float, Float) = (0, 0)
            for i in row * width..<(row + 1) * width {
                difference += (found[i] - expected[i]) * (found[i] - expected[i])
                norm += expected[i] * expected[i]
            }
            return max(worst, (difference / norm).squareRoot())
        }
    }
}

extension Tensor {
    /// The values brought to unit norm.
    fileprivate var unit: [Float] {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { $0 / norm }
    }
}
