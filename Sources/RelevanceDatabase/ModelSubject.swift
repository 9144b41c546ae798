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
    /// By what the rows come about.
    public let method: TableMethod
    /// Gradients that go back together.
    public let gradientsPerBatch: Int
    /// The directions along which derivatives are taken, orthonormal rows `[K, d]`; nil for the whole embedding.
    private let sketch: Tensor?
    private let shared: SharedWeights

    /// - Parameters:
    ///   - renderResolution: The height of the pictures where synthesis stops early.
    ///   - method: By what the rows come about.
    ///   - sketch: The directions along which derivatives are taken, orthonormal rows `[K, d]`; nil for all.
    /// - Throws: `RelevanceError.setting` where no block of the generator has the resolution.
    public init(
        generator: Generator, model: CLIPModel, renderResolution: Int? = nil, method: TableMethod = .pairs,
        sketch: Tensor? = nil
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
        self.method = method
        self.sketch = sketch
        let (height, width) = (generator.configuration.resolution, generator.configuration.width)
        // A gradient's maps are two of the largest layer's: one at a time of 1024 × 1024.
        gradientsPerBatch = max(1, min(32, (1 << 21) / (3 * height * width)))
        shared = SharedWeights()
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
        method == .pairs ? memoryOfPairs : max(memoryOfDerivatives, memoryOfPairs)
    }

    private var memoryOfDerivatives: Int {
        let (picture, vision) = (generator.configuration, model.configuration)
        let grid = vision.imageResolution / vision.patchSize
        let image = 4 * picture.resolution * picture.width + 16 * (grid * grid + 1) * vision.image.width
        let products = (sketch?.shape[0] ?? vision.dimension) * generator.styleSpace.count
        return SynthesisGradient.memoryBytes(generator, batch: gradientsPerBatch)
            + 4 * (gradientsPerBatch * image + products)
    }

    private var memoryOfPairs: Int {
        let height = renderResolution ?? generator.configuration.resolution
        let width = generator.configuration.width(at: height)
        // Of pictures there are the kept one and the one at work with the smaller ones.
        return Synthesis.memoryBytes(
            generator, batch: ChannelSweep.imagesPerBatch, resolution: renderResolution)
            + ImageTowerMemory(model.configuration, height: height, width: width).encoder
            + 4 * 3 * 3 * height * width
    }

    /// The kernels; both networks' weights as they were read and, of CLIP, as they are packed.
    public var sharedMemory: Int {
        let (height, width) = (generator.configuration.resolution, generator.configuration.width)
        let packed = ImageTowerMemory(model.configuration, height: height, width: width).weights
        let pairs = SynthesisKernels.memoryBytes(generator) + generator.weightBytes + packed
        guard method == .gradient else { return pairs }
        // Derivatives come first, pairs to compare them with when those have given way; CLIP's are packed for the way
        // there and for the way back.
        let derivatives = SynthesisGradientWeights.memoryBytes(generator) + generator.weightBytes + 2 * packed
        return max(pairs, derivatives)
    }

    /// Called by the thread that is to use the worker: its layers run on that thread alone.
    public func makeWorker(settings: SweepSettings) throws -> any SweepWorker {
        Threads.limit(to: 1)
        return ModelWorker(self, settings)
    }

    fileprivate func makeSweep(_ settings: SweepSettings) throws -> ChannelSweep {
        try ChannelSweep(generator, kernels: shared.kernels(generator), model, settings: settings)
    }

    fileprivate func makeGradientSweep(_ settings: SweepSettings) throws -> GradientSweep {
        try GradientSweep(
            generator, model, settings: settings, batch: gradientsPerBatch, sketch: sketch,
            weights: shared.gradientWeights(generator, batch: gradientsPerBatch))
    }
}

/// What workers share of a generator: one of the two ways' weights at a time, made by the first worker that asks.
private final class SharedWeights: Sendable {
    private enum Made {
        case kernels(SynthesisKernels)
        case gradients(SynthesisGradientWeights)
    }

    private let made = Mutex<Made?>(nil)

    func kernels(_ generator: Generator) throws -> SynthesisKernels {
        try made.withLock { made in
            if case .kernels(let kernels) = made { return kernels }
            made = nil
            let kernels = try SynthesisKernels(generator)
            made = .kernels(kernels)
            return kernels
        }
    }

    func gradientWeights(_ generator: Generator, batch: Int) throws -> SynthesisGradientWeights {
        try made.withLock { made in
            if case .gradients(let weights) = made { return weights }
            made = nil
            let weights = try SynthesisGradientWeights(generator, batch: batch)
            made = .gradients(weights)
            return weights
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
///
/// Pairs and derivatives need networks of their own: those that are not asked for are not made, and one gives way to the
/// other.
private final class ModelWorker: SweepWorker {
    private enum Networks {
        case pairs(ChannelSweep)
        case derivatives(GradientSweep)
    }

    private let subject: ModelSubject
    private let settings: SweepSettings
    private var networks: Networks?

    init(_ subject: ModelSubject, _ settings: SweepSettings) {
        self.subject = subject
        self.settings = settings
    }

    func styles(of latents: Tensor) throws -> Tensor {
        let truncation = Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
        return try subject.generator.styles(z: latents, truncation: truncation)
    }

    func sums(layer: Int, images: Range<Int>, statistics: StyleStatistics) throws -> ChannelSums {
        let place = try place(ofSwept: layer)
        return try sweep().sums(layer: place, images: images, statistics: statistics)
    }

    func sums(
        layer: Int, channels: [Int], images: Range<Int>, statistics: StyleStatistics
    ) throws -> ChannelSums {
        let place = try place(ofSwept: layer)
        return try sweep().sums(layer: place, channels: channels, images: images, statistics: statistics)
    }

    func derivatives(layers: [Int], image: Int) throws -> [ChannelSums] {
        let places = try layers.map { try place(ofSwept: $0) }
        return try gradientSweep().sums(layers: places, image: image)
    }

    private func sweep() throws -> ChannelSweep {
        if case .pairs(let sweep) = networks { return sweep }
        networks = nil
        let made = try subject.makeSweep(settings)
        networks = .pairs(made)
        return made
    }

    private func gradientSweep() throws -> GradientSweep {
        if case .derivatives(let sweep) = networks { return sweep }
        networks = nil
        let made = try subject.makeGradientSweep(settings)
        networks = .derivatives(made)
        return made
    }

    /// A layer's place among those that are swept.
    private func place(ofSwept layer: Int) throws(RelevanceError) -> Int {
        let layers = subject.generator.styleSpace.layers
        guard layers.indices.contains(layer), layers[layer].kind == .convolution else {
            throw .count(what: "place of a swept layer", found: layer, expected: layers.count)
        }
        return layers[..<layer].count { $0.kind == .convolution }
    }
}
