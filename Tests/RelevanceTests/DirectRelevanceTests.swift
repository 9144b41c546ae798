import CLIP
import NeuralLayers
import StyleGAN
import Tensors
import Testing

@testable import Relevance

/// A direction without a table, beside a table's.
@Suite struct DirectRelevanceTests {
    private func tiger(_ model: CLIPModel) throws -> TextDirection {
        Threads.limit(to: 1)
        let embeddings = try PromptEnsemble().embeddings(
            of: ["tiger", "animal face"], by: model.textEncoder())
        return try TextDirection(target: embeddings[0], neutral: embeddings[1])
    }

    /// The same images' whole derivatives make a table. What is left between the two: lengths from 15 random directions,
    /// and that a table divides each channel by the length of its own mean. (Tables of other images differ more: their
    /// rank correlation is about 0.9.)
    @Test func itAgreesWithATableOfTheSameImages() throws {
        let (generator, model) = try EmbeddingGradientTests.Models.animalFaces.open()
        let phrases = ["animal face", "tiger", "animal wearing glasses", "orange animal"]
        Threads.limit(to: 1)
        let embeddings = try PromptEnsemble().embeddings(of: phrases, by: model.textEncoder())
        let settings = try SweepSettings(statisticsSamples: 1000)
        let sweep = try GradientSweep(generator, model, settings: settings, batch: 32, threads: 2)
        let layers = Array(generator.styleSpace.sweptLayers.indices)
        var sums = ChannelSums(
            channels: generator.styleSpace.sweptCount, dimension: model.configuration.dimension)
        for image in 0..<20 {
            var first = 0
            for part in try sweep.sums(layers: layers, image: image) {
                try sums.merge(part, at: first)
                first += part.channels
            }
        }
        for embedding in embeddings.dropFirst() {
            let text = try TextDirection(target: embedding, neutral: embeddings[0])
            let direct = try DirectRelevance(generator, model, settings: settings)
                .relevance(along: text, images: 20, workers: 2)
            let table = try RelevanceTable(sums: sums).relevance(to: text)
            let agreement = try RelevanceAgreement(table, direct)
            #expect(agreement.rankCorrelation > 0.985)
            #expect(agreement.sharedStrongest >= 13)
            // A threshold means the same in both.
            let sizes = [table, direct].map { Double($0.map { abs($0) }.reduce(0, +)) }
            #expect(abs(sizes[1] / sizes[0] - 1) < 0.35)
        }
    }

    @Test func workersDoNotShow() throws {
        let (generator, model) = try EmbeddingGradientTests.Models.animalFaces.open()
        let text = try tiger(model)
        let direct = try DirectRelevance(
            generator, model, settings: SweepSettings(statisticsSamples: 1000))
        let one = try direct.relevance(along: text, images: 3, workers: 1)
        #expect(try direct.relevance(along: text, images: 3, workers: 3) == one)
        #expect(one.allSatisfy { abs($0) <= 1 })
        #expect(throws: RelevanceError.self) { try direct.relevance(along: text, images: 1, workers: 1) }
        #expect(throws: RelevanceError.self) {
            try direct.relevance(along: TextDirection([1, 0]), images: 2, workers: 1)
        }
    }

    @Test func agreementIsOfRanksAndOfTheStrongest() throws {
        let one: [Float] = [0.1, -0.9, 0.5, 0.5, 0.8, 0]
        let same = try RelevanceAgreement(one, one.map { $0 * 3 }, strongest: 2)
        #expect(abs(same.rankCorrelation - 1) < 1e-12 && same.sharedStrongest == 2)
        let opposite = try RelevanceAgreement(one, one.map { -$0 }, strongest: 2)
        #expect(abs(opposite.rankCorrelation + 1) < 1e-12 && opposite.sharedStrongest == 2)
        let other = try RelevanceAgreement(one, [0.9, 0, 0.5, 0.5, 0.1, -0.8], strongest: 2)
        #expect(other.sharedStrongest == 0)
        #expect(throws: RelevanceError.self) { try RelevanceAgreement(one, [1]) }
        #expect(try RelevanceAgreement([1, 1, 1], [1, 2, 3]).rankCorrelation == 0)
        #expect(throws: RelevanceError.self) { try RelevanceAgreement([.nan, 1], [1, 2]) }
    }
}
