import Relevance
import StyleGAN
import Tensors

/// Where latents are optimised: w+, a w for every layer, or S, the layers' styles.
public enum LatentSpace: String, CaseIterable, Sendable {
    case wPlus = "w+"
    case s

    /// The shape of one code: `[1, L, w_dim]`, or `[1, C_total]`.
    func shape(of generator: Generator) -> Shape {
        let sizes = generator.configuration
        return switch self {
        case .wPlus: [1, sizes.latentCount, sizes.wDimension]
        case .s: [1, generator.styleSpace.count]
        }
    }

    /// The codes of latents in w+, `[N, L, w_dim]`.
    /// - Throws: `RelevanceError.generator` where the latents have another shape.
    public func codes(ofLatents latents: Tensor, _ generator: Generator) throws(RelevanceError) -> Tensor {
        switch self {
        case .wPlus: latents
        case .s: try Self.wPlus.styles(of: latents, generator)
        }
    }

    /// Codes → s, `[N, C_total]`.
    /// - Throws: `RelevanceError.generator` where the codes have another shape.
    public func styles(of codes: Tensor, _ generator: Generator) throws(RelevanceError) -> Tensor {
        switch self {
        case .wPlus: try generating { () throws(GeneratorError) in try generator.styleSpace.styles(codes) }
        case .s: codes
        }
    }

    /// The vector-Jacobian product of `styles`: from s̄, `[N, C_total]`, to the gradient of the codes.
    func gradients(_ styles: Tensor, _ generator: Generator) throws(RelevanceError) -> Tensor {
        switch self {
        case .wPlus:
            try generating { () throws(GeneratorError) in try generator.styleSpace.latentGradients(styles) }
        case .s: styles
        }
    }

    /// Where a code is held: in S the styles of toRGB layers, which the published code does not train either.
    func held(_ generator: Generator) -> [Range<Int>] {
        self == .wPlus ? [] : generator.styleSpace.layers.filter { $0.kind == .toRGB }.map(\.range)
    }
}
