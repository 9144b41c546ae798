import Tensors

/// Adam (Kingma and Ba, algorithm 1) for one array of parameters, in PyTorch's arithmetic.
///
///     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
///     x ← x − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
///
/// A step allocates nothing.
public struct Adam: Sendable {
    private let firstDecay: Double
    private let secondDecay: Double
    private let epsilon: Float
    /// m and v, of the parameters' number.
    private var mean, square: [Float]
    /// β₁ᵗ and β₂ᵗ.
    private var firstPower = 1.0
    private var secondPower = 1.0

    /// - Parameters:
    ///   - count: The number of parameters.
    ///   - decays: β₁ and β₂.
    public init(count: Int, decays: (Double, Double) = (0.9, 0.999), epsilon: Float = 1e-8) {
        (firstDecay, secondDecay) = decays
        self.epsilon = epsilon
        mean = [Float](repeating: 0, count: count)
        square = mean
    }

    /// One step.
    /// - Parameters:
    ///   - parameters: x, changed in place.
    ///   - gradient: g, of the same number.
    ///   - learningRate: η.
    public mutating func step(_ parameters: inout Tensor, gradient: Tensor, learningRate: Double) {
        precondition(parameters.count == mean.count && gradient.count == mean.count, "of another number")
        firstPower *= firstDecay
        secondPower *= secondDecay
        let rate = Float(learningRate / (1 - firstPower))
        let correction = Float((1 - secondPower).squareRoot())
        let (keep, fresh, add) = (Float(secondDecay), Float(1 - secondDecay), Float(1 - firstDecay))
        parameters.withUnsafeMutableValues { x in
            gradient.withUnsafeValues { gradient in
                for i in x.indices {
                    let g = gradient[i]
                    mean[i] += add * (g - mean[i])
                    square[i] = keep * square[i] + fresh * g * g
                    x[i] -= rate * mean[i] / (square[i].squareRoot() / correction + epsilon)
                }
            }
        }
    }
}
