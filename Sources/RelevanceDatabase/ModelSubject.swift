import CLIP
import NeuralLayers
import Relevance
import StyleGAN
import Tensors

/// A generator and a CLIP as what a build sweeps.
public struct ModelSubject: SweepSubject {
    public let generator: Generator
    public let model: CLIPModel
    /// Images rendered and embedded at a time.
    public let imagesPerBatch: Int

    /// - Parameter imagesPerBatch: Images rendered and embedded at a time, even; fitted to their size unless given.
    public init(generator: Generator, model: CLIPModel, imagesPerBatch: Int? = nil) {
        self.generator = generator
        self.model = model
        self.imagesPerBatch =
            imagesPerBatch
            ?? Self.imagesPerBatch(
                height: generator.configuration.resolution, width: generator.configuration.width)
    }

    /// 32 up to 128 × 128 pixels: enough to fill the matrix kernels. Above, as many as keep the largest maps at a
    /// few hundred MiB: 10 of 256 × 256, 2 of 512 × 512 and more.
    static func imagesPerBatch(height: Int, width: Int) -> Int {
        max(2, min(32, (1 << 21) / (3 * height * width) / 2 * 2))
    }

    public var layers: [LayerRecord] { LayerRecord.layers(of: generator) }

    public var latentDimension: Int { generator.configuration.zDimension }

    public var dimension: Int { model.configuration.dimension }

    public var memoryPerWorker: Int {
        let (picture, vision) = (generator.configuration, model.configuration)
        let grid = vision.imageResolution / vision.patchSize
        // An image's tokens are held about ten times: queries, keys, values, the wide layer, the patches.
        let image = 3 * picture.resolution * picture.width + 10 * (grid * grid + 1) * vision.image.width
        return Synthesis.memoryBytes(generator, batch: imagesPerBatch) + 4 * imagesPerBatch * image
    }

    /// Called by the thread that is to use the worker: its layers run on that thread alone.
    public func makeWorker(settings: SweepSettings) throws -> any SweepWorker {
        Threads.limit(to: 1)
        return ModelWorker(
            sweep: try ChannelSweep(generator, model, settings: settings, batch: imagesPerBatch),
            layers: generator.styleSpace.layers)
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
