import CLIP
import Directions
import Foundation
import NeuralLayers
import Relevance
import StyleGAN
import Synchronization
import Tensors

/// A seeded sample of a sweep's channels, spread over all layers, and what it costs weighted to the whole.
struct SweepSample {
    /// One layer's share: the image's own work, then the same again for every pair.
    struct LayerCost {
        let name: String
        let channels: Int
        var keeping: Double
        var pair: Double
        /// Seconds of one image's pairs of all its channels.
        var seconds: Double { keeping + Double(channels) * pair }
    }

    let generator: Generator
    let model: CLIPModel
    let settings: SweepSettings
    let statistics: StyleStatistics
    /// Places of the sampled channels in each layer.
    let channels: [[Int]]
    /// The layers that are swept.
    let layers: [StyleLayer]
    private let precision: Precision
    private let kernels: SynthesisKernels

    /// - Parameter channelsPerLayer: At most so many of each, drawn from NumPy's stream of seed 5.
    init(_ generator: Generator, _ model: CLIPModel, channelsPerLayer: Int) throws {
        self.generator = generator
        self.model = model
        settings = try SweepSettings(statisticsSamples: 2000)
        layers = generator.styleSpace.sweptLayers
        precision = .float32
        kernels = try SynthesisKernels(generator)
        var latents = LatentSamples(seed: settings.seed, dimension: generator.configuration.zDimension)
        let truncation = Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
        statistics = try StyleStatistics(
            blocks: [StyleMoments(of: generator.styles(z: latents.next(2000), truncation: truncation))])
        var random = NumPyRandomState(seed: 5)
        channels = layers.map { layer in
            let keys = random.gaussians(layer.channels)
            return keys.indices.sorted { keys[$0] < keys[$1] }.prefix(channelsPerLayer).sorted()
        }
    }

    /// The same sample of a sweep whose pictures are drawn up to a resolution only.
    init(_ whole: SweepSample, renderResolution: Int) throws {
        generator = whole.generator
        model = whole.model
        statistics = whole.statistics
        precision = whole.precision
        kernels = whole.kernels
        settings = try SweepSettings(
            statisticsSamples: whole.settings.statisticsSamples, renderResolution: renderResolution)
        layers = whole.layers.filter { $0.resolution <= renderResolution }
        channels = Array(whole.channels.prefix(layers.count))
    }

    /// The same sample of a sweep whose products are rounded to a precision.
    init(_ exact: SweepSample, precision: Precision) throws {
        generator = exact.generator
        model = exact.model
        settings = exact.settings
        statistics = exact.statistics
        channels = exact.channels
        layers = exact.layers
        self.precision = precision
        kernels = try SynthesisKernels(generator, precision: precision)
    }

    /// Channels of the layers that are swept.
    var sweptCount: Int { layers.reduce(0) { $0 + $1.channels } }

    /// The cost of every layer on a thread while all threads are at work.
    func costs(threads: Int) throws -> [LayerCost] {
        let results = Mutex<[[LayerCost]]>([])
        let failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            do {
                Threads.limit(to: 1)
                let sweep = try ChannelSweep(
                    generator, kernels: kernels, model, settings: settings, precision: precision)
                var costs: [LayerCost] = []
                for (place, layer) in layers.enumerated() {
                    let all = channels[place]
                    let few = Array(all.prefix(1))
                    func seconds(_ channels: [Int]) throws -> Double {
                        let began = ContinuousClock.now
                        _ = try sweep.sums(
                            layer: place, channels: channels, images: 0..<1, statistics: statistics)
                        return began.duration(to: .now) / .seconds(1)
                    }
                    if place == 0 { _ = try seconds(few) }
                    let (short, long) = (try seconds(few), try seconds(all))
                    let pair = (long - short) / Double(all.count - few.count)
                    costs.append(
                        LayerCost(
                            name: layer.name, channels: layer.channels, keeping: max(0, short - pair),
                            pair: pair))
                }
                results.withLock { $0.append(costs) }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        let all = results.withLock { $0 }
        return layers.indices.map { place in
            var cost = all[0][place]
            cost.keeping = all.reduce(0) { $0 + $1[place].keeping } / Double(all.count)
            cost.pair = all.reduce(0) { $0 + $1[place].pair } / Double(all.count)
            return cost
        }
    }

    /// One channel of every `step`-th layer with the style codes of its pairs, for a comparison.
    func pairs(every step: Int, images: Int) throws -> (places: [(layer: Int, channel: Int)], codes: Tensor) {
        let truncation = Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
        let z = try LatentSamples.images(
            0..<images, seed: settings.seed, dimension: generator.configuration.zDimension)
        let styles = try generator.styles(z: z, truncation: truncation)
        let count = generator.styleSpace.count
        var places: [(layer: Int, channel: Int)] = []
        var codes: [Float] = []
        for layer in stride(from: 0, to: layers.count, by: step) {
            let channel = channels[layer][channels[layer].count / 2]
            places.append((layer, channel))
            let position = layers[layer].range.lowerBound + channel
            for image in 0..<images {
                for sign in [Float(1), -1] {
                    var code = Array(styles.values[image * count..<(image + 1) * count])
                    code[position] += sign * settings.alpha * statistics.deviation[position]
                    codes += code
                }
            }
        }
        return (places, try Tensor(codes, shape: Shape([codes.count / count, count])))
    }

    /// ∆i_c of each place by the sweep.
    func rows(_ places: [(layer: Int, channel: Int)], images: Int) throws -> [[Float]] {
        Threads.limit(to: 1)
        let sweep = try ChannelSweep(
            generator, kernels: kernels, model, settings: settings, precision: precision)
        return try places.map { place in
            let sums = try sweep.sums(
                layer: place.layer, channels: [place.channel], images: 0..<images, statistics: statistics)
            return RelevanceTable(sums: sums).rows.values
        }
    }

    /// ∆i_c of embeddings `[n, d]` that go pair by pair, `images` pairs a channel.
    static func rows(of embeddings: Tensor, images: Int) throws -> [[Float]] {
        let dimension = embeddings.shape[1]
        let channels = embeddings.shape[0] / (2 * images)
        var sums = ChannelSums(channels: channels, dimension: dimension)
        try embeddings.withUnsafeValues { values in
            for pair in 0..<channels * images {
                let (high, low) = (2 * pair * dimension, (2 * pair + 1) * dimension)
                try sums.add(
                    high: UnsafeBufferPointer(rebasing: values[high..<high + dimension]),
                    low: UnsafeBufferPointer(rebasing: values[low..<low + dimension]), to: pair / images)
            }
        }
        let rows = RelevanceTable(sums: sums).rows.values
        return (0..<channels).map { Array(rows[$0 * dimension..<($0 + 1) * dimension]) }
    }
}
