import Glibc

extension ActivationFunction {
    /// The function's value at x.
    public func value(at x: Float) -> Float {
        switch self {
        case .identity: x
        case .gelu: x * Self.normalDistribution(x)
        case .quickGELU: x * Self.logistic(1.702 * x)
        }
    }

    /// The derivative at x: Φ(x) + x φ(x) for GELU, σ (1 + 1.702 x (1 − σ)) with σ = σ(1.702 x) for quick-GELU.
    public func derivative(at x: Float) -> Float {
        switch self {
        case .identity:
            return 1
        case .gelu:
            return Self.normalDistribution(x) + x * expf(-x * x / 2) / (2 * Float.pi).squareRoot()
        case .quickGELU:
            let gate = Self.logistic(1.702 * x)
            return gate * (1 + 1.702 * x * (1 - gate))
        }
    }

    /// Φ: the distribution function of the standard normal distribution.
    private static func normalDistribution(_ x: Float) -> Float {
        0.5 * erfcf(-x / Float(2).squareRoot())
    }

    private static func logistic(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
}
