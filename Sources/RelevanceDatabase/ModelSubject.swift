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
    /// What the factors of the generator's products are rounded to.
    public let precision: Precision
    /// Gradients that go back together.
    public let gradientsPerBatch: Int
    /// The directions along which derivatives are taken, orthonormal rows `[K, d]`; nil for the whole embedding.
    private let sketch: Tensor?
    private let shared: SharedWeights

    /// - Parameters:
    ///   - renderResolution: The height of the pictures where synthesis stops early.
    ///   - method: By what the rows come about.
    ///   - precision: What the factors of the generator's products are rounded to; those of derivatives never are.
    ///   - sketch: The directions along which derivatives are taken, orthonormal rows `[K, d]`; nil for all.
    /// - Throws: `RelevanceError.setting` where no block of the generator has the resolution.
    public init(
        generator: Generator, model: CLIPModel, renderResolution: Int? = nil, method: TableMethod = .pairs,
        precision: Precision = .float32, sketch: Tensor? = nil
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
        self.precision = precision
        self.sketch = sketch
        gradientsPerBatch = EmbeddingGradient.batch(generator, resolution: renderResolution)
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

    public func workers(for method: TableMethod, threads: Int) -> Int {
        guard method == .gradient else { return threads }
        return threads
            / EmbeddingGradient.threadsAnImage(generator, resolution: renderResolution, of: threads)
    }

    public func memory(threads: Int) -> Int {
        // Derivatives come first, pairs to compare them with when those have given way.
        let pairs = memoryOfPairs(threads: threads)
        let sweep = method == .pairs ? pairs : max(pairs, memoryOfDerivatives(threads: threads))
        // Samples are done with by then, but the allocator may keep what they took.
        return sweep + threads * memoryOfSamples
    }

    /// Of a block of samples: w+, the style code as its layers make it and as it is put together.
    private var memoryOfSamples: Int {
        let (network, styles) = (generator.configuration, generator.styleSpace.count)
        return 4 * DatabaseBuilder<Self>.samplesPerBlock
            * (2 * network.wDimension + network.latentCount * network.wDimension + 2 * styles)
    }

    /// (What is mapped of the files is resident before a build begins.)
    private func memoryOfDerivatives(threads: Int) -> Int {
        let memory = EmbeddingGradientMemory(
            generator, model.configuration, batch: gradientsPerBatch, resolution: renderResolution)
        // The products, and the sums that they are added to.
        let dimension = model.configuration.dimension
        let products =
            4 * (sketch?.shape[0] ?? dimension) * generator.styleSpace.count
            + 8 * dimension * generator.styleSpace.sweptCount
        return memory.shared + workers(for: .gradient, threads: threads) * (memory.picture + products)
            + threads * memory.thread
    }

    /// The generator's kernels and weights, CLIP's packed; each thread's maps.
    private func memoryOfPairs(threads: Int) -> Int {
        let size = pictureSize
        let clip = ImageTowerMemory(model.configuration, height: size.height, width: size.width)
        // Of pictures there are the kept one and the one at work with the smaller ones.
        let thread =
            Synthesis.memoryBytes(
                generator, batch: ChannelSweep.imagesPerBatch, resolution: renderResolution)
            + clip.encoder + 4 * 3 * 3 * size.height * size.width
        return SynthesisKernels.memoryBytes(generator, precision: precision) + generator.weightBytes
            + clip.weights
            + threads * thread
    }

    /// Of the pictures that are embedded.
    private var pictureSize: (height: Int, width: Int) {
        let height = renderResolution ?? generator.configuration.resolution
        return (height, generator.configuration.width(at: height))
    }

    /// Called by the thread that is to use the worker: of pairs, layers run on that thread alone.
    public func makeWorker(settings: SweepSettings, threads: Int) throws -> any SweepWorker {
        Threads.limit(to: 1)
        return ModelWorker(self, settings, threads: threads)
    }

    fileprivate func makeSweep(_ settings: SweepSettings) throws -> ChannelSweep {
        try ChannelSweep(
            generator, kernels: shared.kernels(generator, precision), model, settings: settings,
            precision: precision)
    }

    fileprivate func makeGradientSweep(_ settings: SweepSettings, threads: Int) throws -> GradientSweep {
        try GradientSweep(
            generator, model, settings: settings, batch: gradientsPerBatch, threads: threads, sketch: sketch,
            kernels: shared.gradientKernels(generator))
    }
}

/// What workers share of a generator, made by the first worker that asks: its kernels, and those of the way back while
/// derivatives are taken.
private final class SharedWeights: Sendable {
    private struct Made {
        var forward: SynthesisKernels?
        var gradient: SynthesisGradientKernels?
    }

    private let made = Mutex(Made())

    func kernels(_ generator: Generator, _ precision: Precision) throws -> SynthesisKernels {
        try made.withLock { made in
            made.gradient = nil
            let kernels = try made.forward ?? SynthesisKernels(generator, precision: precision)
            made.forward = kernels
            return kernels
        }
    }

    func gradientKernels(_ generator: Generator) throws -> SynthesisGradientKernels {
        try made.withLock { made in
            let kernels = try made.gradient ?? SynthesisGradientKernels(generator, forward: made.forward)
            (made.forward, made.gradient) = (kernels.forward, kernels)
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

/// A sweep of one thread, or of some that share an image, asked by the layers' places in the whole style space.
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
    private let threads: Int
    private var networks: Networks?

    init(_ subject: ModelSubject, _ settings: SweepSettings, threads: Int) {
        self.subject = subject
        self.settings = settings
        self.threads = threads
    }

    func styles(of latents: Tensor) throws -> Tensor {
        let truncation = Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
        return try subject.generator.styles(z: latents, truncation: truncation)
    }

    func sums(layer: Int, images: Range<Int>, statistics: StyleStatistics) throws -> [ChannelSums] {
        let place = try place(ofSwept: layer)
        return try images.map {
            try sweep().sums(layer: place, images: $0..<$0 + 1, statistics: statistics)
        }
    }

    func sums(
        layer: Int, channels: [Int], images: Range<Int>, statistics: StyleStatistics
    ) throws -> [ChannelSums] {
        let place = try place(ofSwept: layer)
        return try images.map {
            try sweep().sums(
                layer: place, channels: channels, images: $0..<$0 + 1, statistics: statistics)
        }
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
        let made = try subject.makeGradientSweep(settings, threads: threads)
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
