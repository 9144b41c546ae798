import Foundation
import Relevance
import RelevanceDatabase
import Synchronization
import Tensors

/// A generator and an encoder of a few multiplications: every pair's embeddings follow from the layer, the channel,
/// the image and the statistics, so that a missing, doubled or misplaced pair changes the table.
struct ToySubject: SweepSubject {
    struct Failure: Error {}

    var layers = [
        LayerRecord(name: "b4.conv1", channels: 5, resolution: 4, isSwept: true),
        LayerRecord(name: "b4.torgb", channels: 2, resolution: 4, isSwept: false),
        LayerRecord(name: "b8.conv0", channels: 3, resolution: 8, isSwept: true),
    ]
    var latentDimension = 4
    var dimension = 6
    /// Steps that all workers together may take before one throws, as a kill would end them.
    let fuse: Fuse

    init(stepsBeforeFailure: Int = .max) { fuse = Fuse(stepsBeforeFailure) }

    func memory(threads: Int) -> Int { 100 + 1000 * threads }

    func workers(for method: TableMethod, threads: Int) -> Int { threads }

    func makeWorker(settings: SweepSettings, threads: Int = 1) throws -> any SweepWorker {
        ToyWorker(subject: self, settings: settings)
    }
}

/// Counts steps down, and throws when they are used up.
final class Fuse: Sendable {
    private let left: Mutex<Int>
    private let calls = Mutex<[String]>([])

    init(_ steps: Int) { left = Mutex(steps) }

    /// What the workers were asked for, in the order in which they were.
    var record: [String] { calls.withLock { $0 } }

    func burn(_ call: String) throws {
        try left.withLock { left in
            guard left > 0 else { throw ToySubject.Failure() }
            left -= 1
        }
        calls.withLock { $0.append(call) }
    }
}

private struct ToyWorker: SweepWorker {
    let subject: ToySubject
    let settings: SweepSettings

    func styles(of latents: Tensor) throws -> Tensor {
        try subject.fuse.burn("styles")
        let (count, width) = (latents.shape[0], latents.shape[1])
        let total = subject.layers.reduce(0) { $0 + $1.channels }
        var styles = Tensor(zeros: [count, total])
        for sample in 0..<count {
            for channel in 0..<total {
                styles[sample * total + channel] =
                    latents[sample * width + channel % width] * Float(channel + 1) + Float(channel)
            }
        }
        return styles
    }

    func sums(layer: Int, images: Range<Int>, statistics: StyleStatistics) throws -> [ChannelSums] {
        try sums(
            layer: layer, channels: Array(0..<subject.layers[layer].channels), images: images,
            statistics: statistics)
    }

    /// What a pair comes to as α goes to zero, but for the last channel of the last layer, which nothing moves.
    func derivatives(layers: [Int], image: Int) throws -> [ChannelSums] {
        try subject.fuse.burn("derivatives of \(layers.map { subject.layers[$0].name }) of \(image)")
        let z = try LatentSamples.images(
            image..<image + 1, seed: settings.seed, dimension: subject.latentDimension)
        return try layers.map { layer in
            let first = subject.layers[..<layer].reduce(0) { $0 + $1.channels }
            var sums = ChannelSums(channels: subject.layers[layer].channels, dimension: subject.dimension)
            for channel in 0..<sums.channels {
                let isLast = layer == subject.layers.count - 1 && channel == sums.channels - 1
                let derivative = (0..<subject.dimension).map { i in
                    isLast
                        ? 0 : Float(cos(Double(z[i % 4]) + Double((first + channel) * (i + 1))))
                }
                try derivative.withUnsafeBufferPointer { try sums.add(derivative: $0, to: channel) }
            }
            return sums
        }
    }

    func sums(
        layer: Int, channels: [Int], images: Range<Int>, statistics: StyleStatistics
    ) throws -> [ChannelSums] {
        try subject.fuse.burn("\(subject.layers[layer].name) \(images)")
        let first = subject.layers[..<layer].reduce(0) { $0 + $1.channels }
        return try images.map { image in
            var sums = ChannelSums(channels: channels.count, dimension: subject.dimension)
            let z = try LatentSamples.images(
                image..<image + 1, seed: settings.seed, dimension: subject.latentDimension)
            for (row, channel) in channels.enumerated() {
                let step = settings.alpha * statistics.deviation[first + channel]
                let embeddings = [step, -step].map { step in
                    (0..<subject.dimension).map { i in
                        Float(
                            sin(Double(z[i % 4]) + Double(step) * 0.1 + Double((first + channel) * (i + 1))))
                            + 0.01
                    }
                }
                try embeddings[0].withUnsafeBufferPointer { high in
                    try embeddings[1].withUnsafeBufferPointer { low in
                        try sums.add(high: high, low: low, to: row)
                    }
                }
            }
            return sums
        }
    }
}

/// A request for the toy, at a path.
func toyRequest(_ path: String, pairs: Int = 10, seed: UInt32 = 3) throws -> BuildRequest {
    var request = BuildRequest(
        path: path, generator: WeightsRecord(name: "toy", fingerprint: String(repeating: "a", count: 64)),
        clip: WeightsRecord(name: "toy clip", fingerprint: String(repeating: "b", count: 64)),
        settings: try SweepSettings(seed: seed, statisticsSamples: 2500), pairs: pairs, neutral: "face",
        toolVersion: "test")
    request.imagesPerUnit = 3
    return request
}
