import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing
import Vocabulary

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
        var pictures = normalised
        for i in 0..<pictures.count {
            let plane = i / (64 * 64) % 3
            pictures[i] =
                (normalised[i] * ImagePreparation.deviation[plane] + ImagePreparation.mean[plane]) * 2 - 1
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

    @Test func anImagesEmbeddingDoesNotDependOnItsCompany() throws {
        Threads.limit(to: 1)
        var random = NumPyRandomState(seed: 2)
        let images = try Tensor(random.gaussians(23 * 3 * 20 * 20), shape: [23, 3, 20, 20])
        let model = try model()
        let together = try model.imageEncoder(batch: 23, imageResolution: 20).embed(images)
        let width = together.shape[1]
        let alone = try model.imageEncoder(batch: 1, imageResolution: 20)
        for i in [0, 7, 13, 22] {
            let one = try Tensor(images.values[i * 1200..<(i + 1) * 1200], shape: [1, 3, 20, 20])
            #expect(try alone.embed(one).values == Array(together.values[i * width..<(i + 1) * width]))
        }
    }

    @Test func aNotFiniteImageSpoilsNoOther() throws {
        let encoder = try model().imageEncoder(batch: 2, imageResolution: 64)
        var images = Tensor(zeros: [2, 3, 64, 64])
        let clean = try encoder.embed(images)
        images[5] = .nan
        let spoilt = try encoder.embed(images)
        let width = clean.shape[1]
        #expect(spoilt[0].isNaN)
        #expect(spoilt.values[width...] == clean.values[width...])
    }

    @Test func resizedBytesAreThoseOfPillow() throws {
        let expected = try Checkpoint.open(path: Conformance.path("clip/expected.safetensors"))
        let raw = try expected.tensor("raw_rgb")
        let (height, width) = (97, 131)
        let newWidth = 64 * width / height
        var planes = [Float](repeating: 0, count: raw.count)
        for i in 0..<height * width {
            for colour in 0..<3 { planes[colour * height * width + i] = raw[3 * i + colour] }
        }
        // Pillow resamples rows, rounds to bytes, resamples columns, rounds again.
        let rows = try BicubicResize(
            inputHeight: height, inputWidth: width, outputHeight: height, outputWidth: newWidth)
        let columns = try BicubicResize(
            inputHeight: height, inputWidth: newWidth, outputHeight: 64, outputWidth: newWidth)
        planes = bytes(planes, through: rows)
        planes = bytes(planes, through: columns)
        let published = try expected.tensor("raw_preprocessed")
        let left = (newWidth - 64) / 2
        for i in 0..<published.count {
            let (colour, y, x) = (i / 4096, i / 64 % 64, i % 64)
            let value = published[i] * ImagePreparation.deviation[colour] + ImagePreparation.mean[colour]
            #expect(abs(planes[(colour * 64 + y) * newWidth + left + x] / 255 - value) < 2 / 255)
        }
    }

    /// Three planes resampled, clamped and rounded.
    private func bytes(_ planes: [Float], through resize: BicubicResize) -> [Float] {
        var resized = [Float](repeating: 0, count: 3 * resize.outputHeight * resize.outputWidth)
        planes.withUnsafeBufferPointer { planes in
            resized.withUnsafeMutableBufferPointer { resize(planes, into: $0, planes: 3) }
        }
        return resized.map { min(max($0.rounded(), 0), 255) }
    }

    @Test func sharedBeginningsDoNotChangeAnEmbedding() throws {
        let model = try model()
        let encoder = try model.textEncoder()
        // Enough sentences that several trees and chunks of rows are needed, some the beginning of others.
        let texts = (0..<700).map { "a photo of " + (0..<$0 % 7).map { _ in "a " }.joined() + "\($0 * $0)" }
        let together = try encoder.embed(texts)
        let width = together.shape[1]
        for i in stride(from: 0, to: texts.count, by: 61) {
            let alone = try encoder.embed([texts[i]])
            for j in 0..<width { #expect(abs(alone[j] - together[i * width + j]) < 1e-5) }
        }
    }

    @Test func whatWasComputedOfBeginningsIsNotComputedAgain() throws {
        let model = try model()
        let texts = ["a photo of a tiger", "a photo of an owl", "the lion", "a", ""]
        let plain = try model.textEncoder().embed(texts)
        let beginnings = try #require(
            try model.textEncoder().beginnings(of: ["a photo of a", "a photo of an", "", "the"]))
        let kept = TextBeginnings(
            tokens: beginnings.tokens, parents: beginnings.parents, memory: beginnings.memory, of: model)
        #expect(relativeDistance(try model.textEncoder(beginnings: kept).embed(texts), plain) < 1e-6)
        // They are used and not only carried along: other keys and values make other embeddings.
        var others = beginnings.memory
        for i in 0..<others.count { others[i] += 1 }
        let wrong = TextBeginnings(
            tokens: beginnings.tokens, parents: beginnings.parents, memory: others, of: model)
        #expect(relativeDistance(try model.textEncoder(beginnings: wrong).embed(texts), plain) > 1e-3)
        for (tokens, parents) in [
            ([1, 2], [-1, 1]), ([1, 2], [-1, -2]), ([1, 1], [-1, -1]), ([1], [-1, 0]),
            ([1 << 20, 2], [-1, 0]),
        ] {
            let memory = try Tensor(
                [Float](repeating: 0, count: 2 * beginnings.memory.count / beginnings.tokens.count),
                shape: [2 * beginnings.memory.count / beginnings.tokens.count])
            #expect(TextBeginnings(tokens: tokens, parents: parents, memory: memory, of: model) == nil)
        }
    }

    @Test(arguments: [1, 2, 3]) func embeddingsAreTheSameByAnyNumberOfThreads(threads: Int) throws {
        let model = try model()
        Threads.limit(to: 1)
        let texts = (0..<90).map { "a photo of \($0 % 7) and \($0 * $0)" }
        let alone = try model.textEncoder().embed(texts)
        Threads.limit(to: threads)
        defer { Threads.limit(to: 1) }
        #expect(relativeDistance(try model.textEncoder().embed(texts), alone) < 1e-6)
        #expect(Threads.limit == threads)
    }

    @Test func aTextEndsAtItsFirstEndMark() throws {
        let encoder = try model().textEncoder()
        let cut = try encoder.embed(["tiger<|endoftext|> and more"])
        #expect(cut == (try encoder.embed(["tiger"])))
    }

    @Test func anEnsembleIsTheMeanOfUnitEmbeddings() throws {
        let encoder = try model().textEncoder()
        let templates = try ["a photo of a {}", "the {}", "{}"].map { try Template($0) }
        let ensemble = try PromptEnsemble(templates: templates)
        let phrases = ["tiger", "old dog"]
        let together = try ensemble.embeddings(of: phrases, by: encoder)
        for (phrase, found) in zip(phrases, together) {
            let rows = try encoder.embed(templates.map { $0(phrase) })
            let width = rows.shape[1]
            var sum = [Float](repeating: 0, count: width)
            for row in 0..<3 {
                let unit = Tensor(Array(rows.values[row * width..<(row + 1) * width])).unit
                for i in 0..<width { sum[i] += unit[i] }
            }
            for (a, b) in zip(found, Tensor(sum).unit) { #expect(abs(a - b) < 1e-5) }
            #expect(abs(found.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        }
        #expect(throws: CLIPError.self) { try ensemble.embedding(of: " \n", by: encoder) }
        #expect(throws: CLIPError.self) { try PromptEnsemble(templates: []) }
        let long = String(repeating: "very ", count: 200)
        #expect { try ensemble.embedding(of: long, by: encoder) } throws: { "\($0)".contains("tokens") }
    }

    @Test func anotherKindOfFileIsNamed() throws {
        let merges = Conformance.path("clip-bpe/bpe_simple_vocab_16e6.txt.gz")
        let generator = Conformance.path("stylegan2-nvidia/generator.safetensors")
        #expect(throws: CLIPError.self) { try CLIPModel.open(path: generator, merges: merges) }
    }

    @Test func imagesOfAnotherShapeAreRefused() throws {
        let model = try model()
        let encoder = try model.imageEncoder(batch: 2, imageResolution: 32)
        for shape: Shape in [[2, 3, 32, 31], [3, 3, 32, 32], [2, 1, 32, 32], [3, 32, 32]] {
            #expect(throws: CLIPError.self) { try encoder.embed(Tensor(zeros: shape)) }
        }
        var small = Tensor(zeros: [1, encoder.dimension])
        #expect(throws: CLIPError.self) { try encoder.embed(Tensor(zeros: [2, 3, 32, 32]), into: &small) }
        #expect(throws: CLIPError.self) { try model.imageEncoder(batch: 0) }
        #expect(throws: CLIPError.self) { try model.imageEncoder(batch: 1, imageResolution: .min) }
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
