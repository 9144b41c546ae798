import CLIP
import NeuralLayers
import StyleGAN
import Tensors
import Testing

@testable import Relevance

/// The embedded models' table from derivatives beside their table from pairs of ±5σ, on the same images.
@Suite struct GradientSweepTests {
    private let generator: Generator
    private let model: CLIPModel
    private let settings: SweepSettings

    init() throws {
        Threads.limit(to: 1)
        (generator, model) = try EmbeddingGradientTests.Models.animalFaces.open()
        settings = try SweepSettings(statisticsSamples: 1000)
    }

    private func statistics() throws -> StyleStatistics {
        var latents = LatentSamples(seed: 1, dimension: generator.configuration.zDimension)
        let styles = try generator.styles(z: latents.next(1000), truncation: Truncation())
        return try StyleStatistics(blocks: [StyleMoments(of: styles)])
    }

    /// Of whole pictures, and of those that synthesis makes on its way.
    @Test(arguments: [nil, 32]) func rowsFromDerivativesAreNearlyThoseOfPairs(resolution: Int?) throws {
        let (images, layer) = (0..<4, 4)
        let settings = try SweepSettings(statisticsSamples: 1000, renderResolution: resolution)
        let gradients = try GradientSweep(generator, model, settings: settings, batch: 16)
        let channels = generator.styleSpace.sweptLayers[layer].channels
        var derivatives = ChannelSums(channels: channels, dimension: model.configuration.dimension)
        for image in images { try derivatives.merge(gradients.sums(layers: [layer], image: image)[0]) }
        let chosen = Array(stride(from: 1, to: channels, by: 9))
        let pairs = try ChannelSweep(generator, model, settings: settings, batch: 8)
            .sums(layer: layer, channels: chosen, images: images, statistics: statistics())
        let (left, right) = (RelevanceTable(sums: derivatives).rows, RelevanceTable(sums: pairs).rows)
        let width = derivatives.dimension
        let cosines = chosen.enumerated().map { row, channel in
            (0..<width).reduce(Float(0)) { $0 + left[channel * width + $1] * right[row * width + $1] }
        }.sorted()
        #expect(cosines[cosines.count / 2] > 0.97)
        #expect(cosines[0] > 0.5)
    }

    @Test func aSketchOfAllDirectionsLosesNothing() throws {
        let width = model.configuration.dimension
        // Directions of the embedding itself, in another order.
        var turned = Tensor(zeros: [width, width])
        for i in 0..<width { turned[i * width + (i + 7) % width] = i.isMultiple(of: 2) ? 1 : -1 }
        let whole = try GradientSweep(generator, model, settings: settings, batch: 8)
            .sums(layers: [1, 3], image: 2)
        let sketched = try GradientSweep(generator, model, settings: settings, batch: 8, sketch: turned)
            .sums(layers: [1, 3], image: 2)
        for (left, right) in zip(whole, sketched) {
            #expect(left.pairs == right.pairs)
            #expect(
                zip(left.sums, right.sums).allSatisfy {
                    abs(FixedPoint.decode($0) - FixedPoint.decode($1)) < 1e-5
                })
        }
    }

    @Test func someChannelsOfALayerAreAsAmongAll() throws {
        let sweep = try ChannelSweep(generator, model, settings: settings, batch: 6)
        let statistics = try statistics()
        let all = try sweep.sums(layer: 8, images: 0..<1, statistics: statistics)
        let some = try sweep.sums(
            layer: 8, channels: [40, 3, 17, 3], images: 0..<1, statistics: statistics)
        for (row, channel) in [40, 3, 17, 3].enumerated() {
            let (found, expected) = (row * all.dimension, channel * all.dimension)
            #expect(some.sums[found..<found + all.dimension] == all.sums[expected..<expected + all.dimension])
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        #expect(throws: RelevanceError.self) {
            try GradientSweep(generator, model, settings: SweepSettings(centre: .mean), batch: 1)
        }
        #expect(throws: RelevanceError.self) {
            try GradientSweep(
                generator, model, settings: settings, batch: 1, sketch: Tensor(zeros: [2, 3]))
        }
        let sweep = try GradientSweep(generator, model, settings: settings, batch: 1)
        #expect(throws: RelevanceError.self) { try sweep.sums(layers: [99], image: 0) }
    }

    @Test func aDerivativeIsAddedAsItsDirection() throws {
        var sums = ChannelSums(channels: 3, dimension: 2)
        func add(_ derivative: [Float], to channel: Int) throws {
            try derivative.withUnsafeBufferPointer { try sums.add(derivative: $0, to: channel) }
        }
        try add([3, -4], to: 0)
        try add([0, 1e-30], to: 0)
        try add([0, 0], to: 1)
        #expect(throws: RelevanceError.self) { try add([.infinity, 0], to: 2) }
        #expect(sums.pairs == [2, 1, 0])
        #expect(abs(FixedPoint.decode(sums.sums[0]) - 0.6) < 1e-9)
        #expect(abs(FixedPoint.decode(sums.sums[1]) - 0.2) < 1e-9)
        #expect(sums.moved == [2, 0, 0] && sums.sums[2...] == [0, 0, 0, 0])
    }
}
