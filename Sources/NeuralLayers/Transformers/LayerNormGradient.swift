import Tensors

/// The vector-Jacobian product of a `LayerNorm` with respect to its input, for any number of gradients of the rows of
/// one forward pass.
///
///     x̂ = (x − mean) r      r = 1 / √(variance + ε)      y = x̂ ⊙ gain + bias
///     x̄ = r (g − mean(g) − x̂ mean(g ⊙ x̂))               g = ȳ ⊙ gain
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class LayerNormGradient {
    private typealias Vector = SIMD16<Float>

    private let rows: Int
    private let width: Int
    private let epsilon: Float
    private let gain: Activations  // [1, width]
    private let normalised: Activations  // x̂, [rows, width]
    private let scales: Activations  // r, [1, rows]

    /// - Parameters:
    ///   - gain: `[width]`
    ///   - rows: of the forward pass.
    /// - Throws: `NeuralLayerError.unsupported` where the gain is no vector or there are no rows.
    public init(gain: Tensor, rows: Int, epsilon: Float = 1e-5) throws(NeuralLayerError) {
        guard gain.shape.rank == 1, gain.count > 0, rows > 0 else {
            throw .unsupported(
                operation: "a layer norm", shape: gain.shape, reason: "a gain [width] is needed")
        }
        self.rows = rows
        self.epsilon = epsilon
        width = gain.count
        let gains = try Activations(rows: 1, width: width)
        gain.withUnsafeValues { _ = gains.elements.update(fromContentsOf: $0) }
        self.gain = gains
        normalised = try Activations(rows: rows, width: width)
        scales = try Activations(rows: 1, width: rows)
    }

    /// Keeps what gradients need of the forward pass.
    /// - Parameter x: the norm's input, `[≥ rows, width]`.
    public func keep(_ x: Activations) throws(NeuralLayerError) {
        try require(x, "a layer norm's input", rows: rows)
        for row in 0..<rows {
            let (x, normalised) = (x[row: row], normalised[row: row])
            var mean = 0.0
            for value in x { mean += Double(value) }
            mean /= Double(width)
            var variance = 0.0
            for value in x { variance += (Double(value) - mean) * (Double(value) - mean) }
            let scale = 1 / (variance / Double(width) + Double(epsilon)).squareRoot()
            for i in 0..<width { normalised[i] = Float((Double(x[i]) - mean) * scale) }
            scales.elements[row] = Float(scale)
        }
    }

    /// - Parameters:
    ///   - outputGradient: ȳ, `[≥ count, width]`; row i belongs to row i mod `rows` of the forward pass.
    ///   - inputGradient: x̄, `[≥ count, width]`; may be the same as ȳ unless `adding`.
    ///   - count: how many rows of gradients.
    ///   - adding: whether x̄ is added to what `inputGradient` holds (a residual path).
    public func callAsFunction(
        _ outputGradient: Activations, into inputGradient: Activations, count: Int, adding: Bool = false
    ) throws(NeuralLayerError) {
        try require(outputGradient, "the gradient of a layer norm's output", rows: count)
        try require(inputGradient, "the gradient of a layer norm's input", rows: count)
        guard let gain = gain.elements.baseAddress, let kept = normalised.elements.baseAddress,
            let output = outputGradient.elements.baseAddress, let input = inputGradient.elements.baseAddress
        else { return }
        let whole = width / Vector.scalarCount * Vector.scalarCount
        for row in 0..<count {
            let (y, x) = (output + row * width, input + row * width)
            let normalised = kept + row % rows * width
            var (sums, products) = (Vector.zero, Vector.zero)
            for i in stride(from: 0, to: whole, by: Vector.scalarCount) {
                let g = load(y + i) * load(gain + i)
                sums += g
                products += g * load(normalised + i)
            }
            var (sum, product) = (sums.sum(), products.sum())
            for i in whole..<width {
                sum += y[i] * gain[i]
                product += y[i] * gain[i] * normalised[i]
            }
            let (mean, slope, scale) = (
                sum / Float(width), product / Float(width), scales.elements[row % rows]
            )
            for i in 0..<width {
                let gradient = scale * (y[i] * gain[i] - mean - normalised[i] * slope)
                x[i] = adding ? x[i] + gradient : gradient
            }
        }
    }

    /// Reads within a row: the caller stays at least a vector's length before its end.
    @inline(__always)
    private func load(_ pointer: UnsafePointer<Float>) -> Vector {
        UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
    }

    private func require(_ rows: Activations, _ what: String, rows count: Int) throws(NeuralLayerError) {
        guard rows.width == width, count >= 0, rows.rows >= count else {
            throw .mismatch(what: what, found: [rows.rows, rows.width], expected: [max(0, count), width])
        }
    }
}
