import CLIP
import NeuralLayers
import Relevance
import StyleGAN
import Synchronization
import Tensors

/// A generator and a CLIP as what a build sweeps.
public struct ModelSubject: SweepSubject {
    public let generator: Generator
    public let model: CLIPModel
    /// The height of the pictures where synthesis stops early.
    public let renderResolution: Int?
    private let kernels: SharedKernels

    /// - Throws: `RelevanceError.setting` where no block of the generator has the resolution.
    public init(
        generator: Generator, model: CLIPModel, renderResolution: Int? = nil
    ) throws(RelevanceError) {
        let resolutions = generator.configuration.blocks.map(\.resolution)
        if let renderResolution, !resolutions.contains(renderResolution) {
            throw .setting(
                name: "render resolution", value: "\(renderResolution)",
                needed: "one of \(resolutions.map(String.init).joined(separator: ", "))")
        }
        self.generator = generator
        self.model = model
        self.renderResolution = renderResolution
        kernels = SharedKernels()
    }

    public var layers: [LayerRecord] {
        let limit = renderResolution ?? generator.configuration.resolution
        return LayerRecord.layers(of: generator).map {
            LayerRecord(
                name: $0.name, channels: $0.channels, resolution: $0.resolution,
                isSwept: $0.isSwept && $0.resolution <= limit)
        }
    }

    public var latentDimension: Int { generator.configuration.zDimension }

    public var dimension: Int { model.configuration.dimension }

    public var memoryPerWorker: Int {
        let (picture, vision) = (generator.configuration, model.configuration)
        let grid = vision.imageResolution / vision.patchSize
        // A few hundred tokens go through together and are held about ten times: queries, keys, values, the wide layer,
        // the patches. Of pictures there are the kept one, the one at work with the smaller ones, and CLIP's copy.
        let embedding = 10 * max(264, grid * grid + 1) * vision.image.width
        let height = renderResolution ?? picture.resolution
        return Synthesis.memoryBytes(
            generator, batch: ChannelSweep.imagesPerBatch, resolution: renderResolution)
            + 4 * (embedding + 4 * 3 * height * picture.width(at: height))
    }

    /// The kernels; both networks' weights as they were read and, of CLIP, as they are packed.
    public var sharedMemory: Int {
        let vision = model.configuration.image
        let packed = 4 * (12 * vision.width * vision.width * vision.layers + 2 * vision.width * vision.width)
        return SynthesisKernels.memoryBytes(generator) + generator.weightBytes + packed
    }

    /// Called by the thread that is to use the worker: its layers run on that thread alone.
    public func makeWorker(settings: SweepSettings) throws -> any SweepWorker {
        Threads.limit(to: 1)
        return ModelWorker(
            sweep: try ChannelSweep(generator, kernels: kernels.of(generator), model, settings: settings),
            layers: generator.styleSpace.layers)
    }
}

/// A generator's kernels, made by the first worker that asks.
private final class SharedKernels: Sendable {
    private let made = Mutex<SynthesisKernels?>(nil)

    func of(_ generator: Generator) throws -> SynthesisKernels {
        try made.withLock { made in
            if let made { return made }
            let kernels = try SynthesisKernels(generator)
            made = kernels
            return kernels
        }
    }
}

extension LayerRecord {
    /// The layers of a generator's style space, as a database remembers them.
    public static func layers(of generator: Generator) -> [LayerRecord] {
        generator.styleSpace.layers.map {
            LayerRecord(
                name: $0.name, channels: $0.channels, resolution: $0.resolution,
                isSwept: $0.kind == .convolution)
        }
    }
}

/// A thread's sweep, asked by the layers' places in the whole style space.
private struct ModelWorker: SweepWorker {
    let sweep: ChannelSweep
    let layers: [StyleLayer]

    func styles(of latents: Tensor) throws -> Tensor { try sweep.styles(of: latents) }

    func sums(layer: Int, images: Range<Int>, statistics: StyleStatistics) throws -> ChannelSums {
        guard layers.indices.contains(layer), layers[layer].kind == .convolution else {
            throw RelevanceError.count(what: "place of a swept layer", found: layer, expected: layers.count)
        }
        let place = layers[..<layer].count { $0.kind == .convolution }
        return try sweep.sums(layer: place, images: images, statistics: statistics)
    }
}
