import CLIP
import Relevance
import StyleGAN
import Tensors

/// What latent optimisation makes small (StyleCLIP, equation 1, without its term of identity):
///
///     L(x) = 1 − E_i(G(x)) · E_t + λ |x − x_s|²
///
/// where x is a code in w+ or in S and x_s the one that it began as. One thread at a time calls an object.
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
    /// λ.
    private let weight: Float
    private let phraseLoss: PhraseLoss
    /// s̄, `[N, C_total]`.
    private var styleGradients: Tensor

    /// - Parameters:
    ///   - text: E_t, of unit length: `[d]`.
    ///   - weight: λ.
    ///   - workers: Threads that take codes side by side.
    /// - Throws: `RelevanceError.count` where the text is of another CLIP, `.generator` or `.encoder` where the networks
    ///   refuse it.
    public init(
        _ generator: Generator, _ model: CLIPModel, space: LatentSpace, text: [Float], weight: Float,
        workers: Int = 1
    ) throws(RelevanceError) {
        self.generator = generator
        self.space = space
        self.weight = weight
        phraseLoss = try PhraseLoss(generator, model, phrase: text, workers: workers)
        styleGradients = Tensor(zeros: [0, generator.styleSpace.count])
    }

    /// The values of codes.
    /// - Parameters:
    ///   - codes: x, `[N, L, w_dim]` or `[N, C_total]`.
    ///   - starts: x_s, of the same shape.
    /// - Throws: `RelevanceError` where a shape is another one, `.image` where a picture or its embedding is not finite.
    public func values(at codes: Tensor, from starts: Tensor) throws(RelevanceError) -> [Value] {
        values(try phraseLoss(space.styles(of: codes, generator)), codes, starts)
    }

    /// The values of codes, and their gradients.
    /// - Parameter gradients: ∂L/∂x, of the codes' shape, overwritten; zero where the space holds codes.
    /// - Throws: as without gradients; `.image` where a gradient is not finite.
    public func values(
        at codes: Tensor, from starts: Tensor, gradients: inout Tensor
    ) throws(RelevanceError) -> [Value] {
        let styles = try space.styles(of: codes, generator)
        if styleGradients.shape != styles.shape { styleGradients = Tensor(zeros: styles.shape) }
        let losses = try phraseLoss(styles, gradients: &styleGradients)
        gradients = try space.gradients(styleGradients, generator)
        addDistance(of: codes, from: starts, to: &gradients)
        return values(losses, codes, starts)
    }

    private func values(_ losses: [Float], _ codes: Tensor, _ starts: Tensor) -> [Value] {
        let width = codes.count / max(1, losses.count)
        return codes.withUnsafeValues { codes in
            starts.withUnsafeValues { starts in
                losses.enumerated().map { row, loss in
                    let distance = (row * width..<(row + 1) * width).reduce(0.0) { sum, i in
                        let difference = Double(codes[i]) - Double(starts[i])
                        return sum + difference * difference
                    }
                    return Value(
                        loss: Float(Double(loss) + Double(weight) * distance), similarity: 1 - loss,
                        distance: Float(distance))
                }
            }
        }
    }

    /// x̄ += 2 λ (x − x_s), but where codes are held.
    private func addDistance(of codes: Tensor, from starts: Tensor, to gradients: inout Tensor) {
        let (factor, held) = (2 * weight, space.held(generator))
        let (rows, width) = (codes.shape[0], codes.count / max(1, codes.shape[0]))
        gradients.withUnsafeMutableValues { gradients in
            codes.withUnsafeValues { codes in
                starts.withUnsafeValues { starts in
                    for i in gradients.indices { gradients[i] += factor * (codes[i] - starts[i]) }
                }
            }
            for row in 0..<rows {
                for range in held {
                    gradients[(row * width + range.lowerBound)..<(row * width + range.upperBound)]
                        .update(repeating: 0)
                }
            }
        }
    }
}
