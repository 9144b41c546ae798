import CLIP
import Dispatch
import NeuralLayers
import StyleGAN
import Synchronization
import Tensors

/// The vector-Jacobian product of a picture's unit embedding with respect to its styles, E(G(s)): one forward pass, then any
/// number of gradients in batches, by one or more threads. They share what synthesis keeps; CLIP's forward pass each thread
/// runs for itself.
///
/// A gradient depends neither on the threads nor on its company. One thread at a time calls an object.
public final class EmbeddingGradient {
    /// A thread's own way back.
    private struct Way {
        let synthesis: SynthesisGradient
        let encoder: ImageEncoderGradient
        /// Gradients of pictures: `[batch, 3, H, W]`.
        let pictures: TensorBox
    }

    /// A tensor that its owner changes in place.
    private final class TensorBox {
        var tensor: Tensor
        init(_ tensor: Tensor) { self.tensor = tensor }
    }

    /// The most gradients that a thread takes back at once.
    public let batch: Int
    /// The width of an embedding, d.
    public let dimension: Int
    /// C_total.
    public let styleCount: Int
    private let layers: [StyleLayer]
    private let kept: KeptSynthesis
    private let ways: [Way]
    private var isKept = false

    /// How many of some threads share an image: all of a large one's, for what it keeps is too much for each of them to have.
    public static func threadsAnImage(
        _ generator: Generator, resolution: Int? = nil, of threads: Int
    ) -> Int {
        KeptSynthesis.memoryBytes(generator, resolution: resolution) > 1 << 26 ? threads : 1
    }

    /// How many of some gradients a thread takes back together: a gradient's maps are two of the largest layer's, so one at
    /// a time of 1024 × 1024.
    public static func batch(_ generator: Generator, resolution: Int? = nil, products: Int = 32) -> Int {
        let height = resolution ?? generator.configuration.resolution
        let pixels = height * generator.configuration.width(at: height)
        return max(1, min(32, products, (1 << 21) / (3 * pixels)))
    }

    /// - Parameters:
    ///   - batch: Gradients that a thread takes back together.
    ///   - threads: How many work side by side.
    ///   - kernels: The generator's, shared with others; nil for its own.
    ///   - resolution: The picture's height where synthesis stops early.
    /// - Throws: `RelevanceError.generator` or `.encoder` where the networks refuse it.
    public init(
        _ generator: Generator, _ model: CLIPModel, batch: Int, threads: Int = 1,
        kernels: SynthesisGradientKernels? = nil, resolution: Int? = nil
    ) throws(RelevanceError) {
        self.batch = batch
        styleCount = generator.styleSpace.count
        layers = generator.styleSpace.layers
        dimension = model.configuration.dimension
        let kept = try generating { () throws(GeneratorError) in
            try KeptSynthesis(generator, batch: batch, kernels: kernels, resolution: resolution)
        }
        self.kept = kept
        var ways: [Way] = []
        for _ in 0..<max(1, threads) {
            let synthesis = try generating { () throws(GeneratorError) in try SynthesisGradient(of: kept) }
            let encoder = try encoding { () throws(CLIPError) in
                try model.imageGradient(batch: batch, imageResolution: kept.height, imageWidth: kept.width)
            }
            ways.append(
                Way(
                    synthesis: synthesis, encoder: encoder,
                    pictures: TensorBox(Tensor(zeros: [batch, 3, kept.height, kept.width]))))
        }
        self.ways = ways
    }

    /// Draws and embeds one picture and keeps what gradients need of it.
    /// - Parameter styles: s, `[C_total]`
    /// - Returns: Its unit embedding, `[d]`.
    /// - Throws: `RelevanceError` where the styles have another shape, or picture or embedding are not finite.
    public func keep(styles: Tensor) throws(RelevanceError) -> [Float] {
        isKept = false
        let picture = try generating { () throws(GeneratorError) in try kept.keep(styles: styles) }
        let embedding = Mutex<[Float]>([])
        try onEveryThread { (_, way) throws(RelevanceError) in
            let found = try encoding { () throws(CLIPError) in try way.encoder.keep(picture) }
            embedding.withLock { $0 = found }
        }
        isKept = true
        return embedding.withLock { $0 }
    }

    /// The gradients of s from gradients of the unit embedding.
    /// - Parameters:
    ///   - embeddings: `[n, d]`, any n.
    ///   - styles: `[n, C_total]`, overwritten.
    /// - Throws: `RelevanceError` where a shape is another one or nothing was kept, `.generator` where the gradient of a
    ///   layer's styles is not finite.
    public func callAsFunction(_ embeddings: Tensor, into styles: inout Tensor) throws(RelevanceError) {
        let count = embeddings.shape.rank == 2 ? embeddings.shape[0] : 0
        guard embeddings.shape.rank == 2, embeddings.shape[1] == dimension else {
            throw .count(
                what: "gradients of embeddings", found: embeddings.count, expected: batch * dimension)
        }
        guard styles.shape.rank == 2, styles.shape[0] == count, styles.shape[1] == styleCount else {
            throw .count(what: "gradients of styles", found: styles.count, expected: count * styleCount)
        }
        guard isKept else { throw .count(what: "kept pictures", found: 0, expected: 1) }
        let (batch, styleCount) = (batch, styleCount)
        try styles.withUnsafeMutableValues { styles throws(RelevanceError) in
            // Every thread writes rows of its own.
            nonisolated(unsafe) let styles = styles
            let next = Mutex(0)
            try onEveryThread { (isStopped, way) throws(RelevanceError) in
                while !isStopped() {
                    let first = next.withLock { next in
                        defer { next += batch }
                        return next
                    }
                    guard first < count else { return }
                    let rows = first..<min(first + batch, count)
                    try encoding { () throws(CLIPError) in
                        try way.encoder(embeddings, rows: rows, into: &way.pictures.tensor)
                    }
                    try generating { () throws(GeneratorError) in
                        try way.synthesis(
                            pictures: way.pictures.tensor, count: rows.count,
                            into: UnsafeMutableBufferPointer(
                                rebasing: styles[rows.lowerBound * styleCount..<rows.upperBound * styleCount])
                        )
                    }
                }
            }
        }
        if let position = styles.withUnsafeValues({ $0.firstIndex { !$0.isFinite } }) {
            let layer = layers.first { $0.range.contains(position % styleCount) }?.name ?? "a layer"
            throw .generator("the gradient of the styles of \(layer) is not finite")
        }
    }

    /// Runs `body` for every thread's way, and throws what the first of them threw.
    private func onEveryThread(
        _ body: @Sendable (_ isStopped: () -> Bool, Way) throws(RelevanceError) -> Void
    ) throws(RelevanceError) {
        let failure = Mutex<RelevanceError?>(nil)
        // Iteration i, and it alone, uses way i.
        nonisolated(unsafe) let ways = ways
        DispatchQueue.concurrentPerform(iterations: ways.count) { place in
            Threads.limit(to: 1)
            do throws(RelevanceError) {
                try body({ failure.withLock { $0 != nil } }, ways[place])
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
