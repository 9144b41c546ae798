import CLIP
import NeuralLayers
import Relevance
import StyleGAN
import Tensors

/// A generator and a CLIP, as a build sweeps them.
public struct NetworkSubject: SweepSubject {
    /// The pictures that are drawn and embedded at once, two a pair: part of what a table's last bits depend on.
    private static let batch = 32

    private let generator: Generator
    private let clip: CLIPModel

    public init(generator: Generator, clip: CLIPModel) {
        self.generator = generator
        self.clip = clip
    }

    public var layers: [LayerRecord] {
        generator.styleSpace.layers.map {
            LayerRecord(
                name: $0.name, channels: $0.channels, resolution: $0.resolution,
                isSwept: $0.kind == .convolution)
        }
    }

    public var latentDimension: Int { generator.configuration.zDimension }

    public var dimension: Int { clip.configuration.dimension }

    public var memoryPerWorker: Int { Synthesis.memoryBytes(generator, batch: Self.batch) }

    public func makeWorker(settings: SweepSettings) throws -> any SweepWorker {
        // Workers run side by side, so none takes the processor's other cores for itself.
        Threads.limit(to: 1)
        return NetworkWorker(
            sweep: try ChannelSweep(generator, clip, settings: settings, batch: Self.batch), subject: self)
    }
}

/// One thread's sweep, fed with the images of a seed.
private final class NetworkWorker: SweepWorker {
    private let sweep: ChannelSweep
    /// The place of each layer among the swept ones.
    private let sweptPlaces: [Int?]

    init(sweep: ChannelSweep, subject: NetworkSubject) {
        self.sweep = sweep
        var count = 0
        sweptPlaces = subject.layers.map { layer in
            guard layer.isSwept else { return nil }
            defer { count += 1 }
            return count
        }
    }

    func styles(of latents: Tensor) throws -> Tensor { try sweep.styles(of: latents) }

    func sums(layer: Int, images: Range<Int>, statistics: StyleStatistics) throws -> ChannelSums {
        guard let place = sweptPlaces[layer] else {
            throw DatabaseError.misfit(layer: "\(layer)", reason: "it is not swept")
        }
        return try sweep.sums(layer: place, images: images, statistics: statistics)
    }
}
