import CLIP
import StyleGAN
import Tensors

/// The vector-Jacobian product of a picture's unit embedding with respect to its styles, E(G(s)): one forward pass,
/// then any number of gradients in batches.
///
/// Belongs to one thread.
public final class EmbeddingGradient {
    /// The most gradients at once.
    public let batch: Int
    /// The width of an embedding, d.
    public let dimension: Int
    /// C_total.
    public let styleCount: Int
    private let layers: [StyleLayer]
    private let synthesis: SynthesisGradient
    private let encoder: ImageEncoderGradient
    private var pictures: Tensor  // [batch, 3, H, W]
    private var isKept = false

    /// - Parameters:
    ///   - batch: Gradients that go back together.
    ///   - weights: Packed for this batch, shared with other threads; nil for its own.
    /// - Throws: `RelevanceError.generator` or `.encoder` where the networks refuse it.
    public init(
        _ generator: Generator, _ model: CLIPModel, batch: Int, weights: SynthesisGradientWeights? = nil
    ) throws(RelevanceError) {
        self.batch = batch
        let (height, width) = (generator.configuration.resolution, generator.configuration.width)
        styleCount = generator.styleSpace.count
        layers = generator.styleSpace.layers
        dimension = model.configuration.dimension
        synthesis = try generating { () throws(GeneratorError) in
            try SynthesisGradient(generator, batch: batch, weights: weights)
        }
        encoder = try encoding { () throws(CLIPError) in
            try model.imageGradient(batch: batch, imageResolution: height, imageWidth: width)
        }
        pictures = Tensor(zeros: [batch, 3, height, width])
    }

    /// Draws and embeds one picture and keeps what gradients need of it.
    /// - Parameter styles: s, `[C_total]`
    /// - Returns: Its unit embedding, `[d]`.
    /// - Throws: `RelevanceError` where the styles have another shape, or picture or embedding are not finite.
    public func keep(styles: Tensor) throws(RelevanceError) -> [Float] {
        isKept = false
        let picture = try generating { () throws(GeneratorError) in try synthesis.keep(styles: styles) }
        let embedding = try encoding { () throws(CLIPError) in try encoder.keep(picture) }
        isKept = true
        return embedding
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
        for first in stride(from: 0, to: count, by: batch) {
            let rows = first..<min(first + batch, count)
            try encoding { () throws(CLIPError) in try encoder(embeddings, rows: rows, into: &pictures) }
            try generating { () throws(GeneratorError) in
                try synthesis(pictures: pictures, into: &styles, rows: rows)
            }
        }
        if let position = styles.withUnsafeValues({ $0.firstIndex { !$0.isFinite } }) {
            let layer = layers.first { $0.range.contains(position % styleCount) }?.name ?? "a layer"
            throw .generator("the gradient of the styles of \(layer) is not finite")
        }
    }
}
