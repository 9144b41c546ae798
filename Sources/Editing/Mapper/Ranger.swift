import Glibc
import NeuralLayers
import Tensors

/// The optimiser that the published mappers were trained with: RAdam's steps by centralised gradients, and every sixth
/// of them half-way back to where the last six began (lookahead).
///
///     g ← g − mean over a row of g, for matrices           Yong et al. 2020, gradient centralisation
///     m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²
///     ρ_t = ρ_∞ − 2 t β₂ᵗ / (1 − β₂ᵗ),  ρ_∞ = 2 / (1 − β₂) − 1
///     p ← p − η r_t m / (√v + ε) where ρ_t > 5, p − η m / (1 − β₁ᵗ) before     Liu et al. 2020, RAdam
///     every k steps: slow ← slow + ½ (p − slow), p ← slow                    Zhang et al. 2019, lookahead
///
/// with r_t as in `stepSize`. Its constants are those of version 20.4.11, which StyleCLIP carries.
public struct Ranger: Equatable, Sendable {
    /// What is remembered of one parameter.
    struct Memory: Equatable, Sendable {
        /// m, v, and the weights that lookahead returns to.
        var mean, square, slow: Tensor
    }

    private static let decay = (mean: 0.95, square: 0.999)
    private static let epsilon: Float = 1e-5
    private static let lookahead = (steps: 6, share: Float(0.5))
    /// ρ_t from which on the variance can be relied on.
    private static let threshold = 5.0

    /// The steps that were taken.
    private(set) var steps: Int
    private(set) var memories: [Memory]

    /// Before the first step, for parameters of these values.
    init(_ parameters: [Tensor]) {
        steps = 0
        memories = parameters.map {
            Memory(mean: Tensor(zeros: $0.shape), square: Tensor(zeros: $0.shape), slow: $0)
        }
    }

    /// As it was after some steps.
    init(steps: Int, memories: [Memory]) {
        self.steps = steps
        self.memories = memories
    }

    /// Changes parameters by their gradients, which are centralised in place.
    /// - Parameters:
    ///   - parameters: those that it was made for, in the same order.
    ///   - learningRate: η.
    mutating func step(_ parameters: [MapperNetwork.Parameter], learningRate: Float) {
        precondition(
            parameters.count == memories.count, "an optimiser remembers the parameters it was made for")
        steps += 1
        let (size, isAdaptive) = Self.stepSize(steps)
        let rate = learningRate * Float(size)
        let returns = steps.isMultiple(of: Self.lookahead.steps)
        for (place, parameter) in parameters.enumerated() {
            if memories[place].mean.shape.rank > 1 { Self.centralise(parameter.gradient) }
            Self.update(
                parameter.values.elements, by: UnsafeBufferPointer(parameter.gradient.elements),
                &memories[place], rate: rate, isAdaptive: isAdaptive)
            if returns { Self.lookBack(parameter.values.elements, &memories[place].slow) }
        }
    }

    /// The factor of the learning rate at step t, and whether √v divides: r_t / (1 − β₁ᵗ), √(1 − β₂ᵗ) in it.
    static func stepSize(_ t: Int) -> (size: Double, isAdaptive: Bool) {
        let (mean, square) = (pow(decay.mean, Double(t)), pow(decay.square, Double(t)))
        let limit = 2 / (1 - decay.square) - 1
        let length = limit - 2 * Double(t) * square / (1 - square)
        guard length > threshold else { return (1 / (1 - mean), false) }
        let rectification =
            (length - 4) / (limit - 4) * (length - 2) / length * limit / (limit - 2)
        return (((1 - square) * rectification).squareRoot() / (1 - mean), true)
    }

    private static func centralise(_ gradient: Activations) {
        for row in 0..<gradient.rows {
            let row = gradient[row: row]
            let mean = row.reduce(0, +) / Float(row.count)
            for i in row.indices { row[i] -= mean }
        }
    }

    private static func update(
        _ values: UnsafeMutableBufferPointer<Float>, by gradient: UnsafeBufferPointer<Float>,
        _ memory: inout Memory, rate: Float, isAdaptive: Bool
    ) {
        let (old, new) = (Float(decay.mean), Float(1 - decay.mean))
        let (oldSquare, newSquare) = (Float(decay.square), Float(1 - decay.square))
        memory.mean.withUnsafeMutableValues { mean in
            memory.square.withUnsafeMutableValues { square in
                for i in values.indices {
                    mean[i] = old * mean[i] + new * gradient[i]
                    square[i] = oldSquare * square[i] + newSquare * gradient[i] * gradient[i]
                    let divisor = isAdaptive ? square[i].squareRoot() + epsilon : 1
                    values[i] -= rate * mean[i] / divisor
                }
            }
        }
    }

    private static func lookBack(_ values: UnsafeMutableBufferPointer<Float>, _ slow: inout Tensor) {
        slow.withUnsafeMutableValues { slow in
            for i in values.indices {
                slow[i] += lookahead.share * (values[i] - slow[i])
                values[i] = slow[i]
            }
        }
    }
}
