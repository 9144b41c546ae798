/// What a linear layer's outputs go through, each by itself.
public enum ActivationFunction: String, Hashable, Sendable {
    case identity
    /// x Φ(x), exactly (with the error function).
    case gelu
    /// x / (1 + exp(−1.702 x)), OpenAI's approximation of GELU.
    case quickGELU
}
