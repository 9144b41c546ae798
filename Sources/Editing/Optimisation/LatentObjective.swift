import CLIP
import Relevance
import StyleGAN
import Tensors

/// What latent optimisation makes small (StyleCLIP, equation 1, without its term of identity):
///
///     L(x) = 1 − E_i(G(x)) · E_t + λ |x − x_s|²
///
/// where x is a code in w+ or in S and x_s the one that it began as. Belongs to one thread at a time.
public final class LatentObjective {
    /// What there is to say of a code.
    public struct Value: Hashable, Sendable {
        /// L.
        public let loss: Float
        /// E_i(G(x)) · E_t, from −1 to 1.
        public let similarity: Float
        /// |x − x_s|².
        public let distance: Float
    }

    private let generator: Generator
    private let space: LatentSpace
    /// E_t, of unit length.
    private let text: [Float]
    /// λ.
    private let weight: Float
    private let embeddingGradient: EmbeddingGradient
    /// −E_t, the gradient of L with respect to the picture's embedding: `[1, d]`.
    private let embeddings: Tensor
    /// s̄: `[1, C_total]`.
    private var styles: Tensor

    /// - Parameters:
    ///   - text: E_t, of unit length: `[d]`.
    ///   - weight: λ.
    ///   - kernels: The generator's, shared with others; nil for its own.
    /// - Throws: `RelevanceError.count` where the text is of another CLIP, `.generator` or `.encoder` where the networks
    ///   refuse it.
    public init(
        _ generator: Generator, _ model: CLIPModel, space: LatentSpace, text: [Float], weight: Float,
        kernels: SynthesisGradientKernels? = nil
    ) throws(RelevanceError) {
        let dimension = model.configuration.dimension
        guard text.count == dimension else {
            throw .count(what: "numbers of a text's embedding", found: text.count, expected: dimension)
        }
        self.generator = generator
        self.space = space
        self.text = text
        self.weight = weight
        embeddingGradient = try EmbeddingGradient(generator, model, batch: 1, kernels: kernels)
        var embeddings = Tensor(zeros: [1, dimension])
        for i in text.indices { embeddings[i] = -text[i] }
        self.embeddings = embeddings
        styles = Tensor(zeros: [1, generator.styleSpace.count])
    }

    /// Draws the picture of a code, embeds it, and keeps what its gradient needs.
    /// - Parameters:
    ///   - code: x, `[1, L, w_dim]` or `[1, C_total]`.
    ///   - start: x_s, of the same shape.
    /// - Throws: `RelevanceError` where a shape is another one, or picture or embedding are not finite.
    public func value(at code: Tensor, from start: Tensor) throws(RelevanceError) -> Value {
        let embedding = try embeddingGradient.keep(styles: space.styles(of: code, generator))
        let similarity = zip(embedding, text).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let distance = code.withUnsafeValues { code in
            start.withUnsafeValues { start in
                zip(code, start).reduce(0.0) { sum, pair in
                    let difference = Double(pair.0) - Double(pair.1)
                    return sum + difference * difference
                }
            }
        }
        return Value(
            loss: Float(1 - similarity + Double(weight) * distance), similarity: Float(similarity),
            distance: Float(distance))
    }

    /// ∂L/∂x at the code whose value was asked for last, of its shape; zero where the space holds codes.
    /// - Throws: `RelevanceError.generator` where it is not finite.
    public func gradient(at code: Tensor, from start: Tensor) throws(RelevanceError) -> Tensor {
        try embeddingGradient(embeddings, into: &styles)
        var gradient = try space.gradients(styles, generator)
        let (weight, held) = (weight, space.held(generator))
        gradient.withUnsafeMutableValues { gradient in
            code.withUnsafeValues { code in
                start.withUnsafeValues { start in
                    for i in gradient.indices { gradient[i] += 2 * weight * (code[i] - start[i]) }
                    for range in held { gradient[range].update(repeating: 0) }
                }
            }
        }
        return gradient
    }
}
