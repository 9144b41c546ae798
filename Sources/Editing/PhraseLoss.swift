import CLIP
import Dispatch
import NeuralLayers
import Relevance
import StyleGAN
import Synchronization
import Tensors

/// How far pictures are from a phrase, 1 − cos(E_i(G(s)), E_t(phrase)), and the gradients of that, picture by picture.
///
/// Threads take pictures side by side; a picture's numbers depend neither on them nor on its company. One thread at a
/// time calls an object.
public final class PhraseLoss {
    /// A thread's networks.
    private struct Worker {
        let gradient: EmbeddingGradient
        let buffer: Buffer
    }

    /// A thread's own row of gradients of s.
    private final class Buffer {
        var styles: Tensor
        init(_ width: Int) { styles = Tensor(zeros: [1, width]) }
    }

    /// C_total.
    private let styleCount: Int
    /// −E_t(phrase), `[1, d]`: the gradient of the loss with respect to a unit embedding.
    private let descent: Tensor
    private let phrase: [Float]
    private let workers: [Worker]

    /// - Parameters:
    ///   - phrase: its unit embedding, `[d]`.
    ///   - workers: how many threads, each with what is kept of a picture.
    /// - Throws: `RelevanceError.count` where the embedding is of another CLIP; `.generator`, `.encoder`.
    public init(
        _ generator: Generator, _ model: CLIPModel, phrase: [Float], workers: Int
    ) throws(RelevanceError) {
        let dimension = model.configuration.dimension
        guard phrase.count == dimension else {
            throw .count(what: "numbers of the phrase's embedding", found: phrase.count, expected: dimension)
        }
        Threads.limit(to: 1)
        styleCount = generator.styleSpace.count
        self.phrase = phrase
        var descent = Tensor(zeros: [1, dimension])
        for i in phrase.indices { descent[i] = -phrase[i] }
        self.descent = descent
        let kernels = try generating { () throws(GeneratorError) in try SynthesisGradientKernels(generator) }
        var made: [Worker] = []
        for _ in 0..<max(1, workers) {
            made.append(
                Worker(
                    gradient: try EmbeddingGradient(generator, model, batch: 1, kernels: kernels),
                    buffer: Buffer(styleCount)))
        }
        self.workers = made
    }

    /// The loss of every picture.
    /// - Parameter styles: s, `[N, C_total]`.
    /// - Throws: `RelevanceError` where the styles have another shape, `.image` where a picture is not finite.
    public func callAsFunction(_ styles: Tensor) throws(RelevanceError) -> [Float] {
        try losses(styles) { _, _ throws(RelevanceError) in }
    }

    /// The loss of every picture, and each one's gradient with respect to its own styles.
    /// - Parameters:
    ///   - styles: s, `[N, C_total]`.
    ///   - gradients: `[N, C_total]`, overwritten.
    /// - Throws: as without gradients; where a gradient is not finite.
    public func callAsFunction(
        _ styles: Tensor, gradients: inout Tensor
    ) throws(RelevanceError) -> [Float] {
        do {
            try gradients.requireShape(styles.shape, of: "gradients of styles")
        } catch {
            throw .shape(error)
        }
        let (width, descent) = (styleCount, descent)
        return try gradients.withUnsafeMutableValues { gradients throws(RelevanceError) in
            // Every thread writes rows of its own.
            nonisolated(unsafe) let gradients = gradients
            return try losses(styles) { row, worker throws(RelevanceError) in
                try worker.gradient(descent, into: &worker.buffer.styles)
                worker.buffer.styles.withUnsafeValues { values in
                    for i in 0..<width { gradients[row * width + i] = values[i] }
                }
            }
        }
    }

    private func losses(
        _ styles: Tensor, _ finish: @Sendable (_ row: Int, Worker) throws(RelevanceError) -> Void
    ) throws(RelevanceError) -> [Float] {
        let count = styles.shape.rank == 2 ? styles.shape[0] : 0
        guard styles.shape.rank == 2, styles.shape[1] == styleCount else {
            throw .count(what: "styles", found: styles.count, expected: count * styleCount)
        }
        let (width, phrase) = (styleCount, phrase)
        let found = Mutex([Float](repeating: 0, count: count))
        let failure = Mutex<RelevanceError?>(nil)
        let next = Mutex(0)
        // Iteration i, and it alone, uses worker i.
        nonisolated(unsafe) let workers = workers
        DispatchQueue.concurrentPerform(iterations: min(workers.count, count)) { place in
            Threads.limit(to: 1)
            do throws(RelevanceError) {
                while failure.withLock({ $0 == nil }) {
                    let row = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard row < count else { return }
                    let style = Tensor(styles.withUnsafeValues { Array($0[row * width..<(row + 1) * width]) })
                    do throws(RelevanceError) {
                        let embedding = try workers[place].gradient.keep(styles: style)
                        let cosine = zip(embedding, phrase).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                        found.withLock { $0[row] = Float(1 - cosine) }
                        try finish(row, workers[place])
                    } catch {
                        throw .image(row, reason: error.description)
                    }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return found.withLock { $0 }
    }
}
