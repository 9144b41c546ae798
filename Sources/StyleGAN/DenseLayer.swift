import Tensors

/// y = W x + b for rows of a batch, W kept transposed so that neighbouring outputs lie side by side.
///
/// Every output is summed in the order of its inputs, so a row's result does not depend on the other rows.
struct DenseLayer: Sendable {
    typealias Vector = SIMD16<Float>

    let inputs: Int
    let outputs: Int
    /// `[inputs, vectors]`, the last vector padded with zeros.
    private let weights: [Vector]
    private let bias: [Vector]
    private var vectors: Int { bias.count }

    /// - Parameters:
    ///   - weights: `[outputs, inputs]`
    ///   - bias: `[outputs]`, or none.
    init(weights: Tensor, gain: Float, bias: Tensor? = nil, biasGain: Float = 1) {
        outputs = weights.shape[0]
        inputs = weights.shape[1]
        let vectors = (outputs + 15) / 16
        var turned = [Vector](repeating: .zero, count: inputs * vectors)
        for output in 0..<outputs {
            for input in 0..<inputs {
                turned[input * vectors + output / 16][output % 16] = weights[output * inputs + input] * gain
            }
        }
        self.weights = turned
        var offsets = [Vector](repeating: .zero, count: vectors)
        if let bias {
            for output in 0..<outputs { offsets[output / 16][output % 16] = bias[output] * biasGain }
        }
        self.bias = offsets
    }

    /// Writes `rows` results; row i is read at `i × inputStride` and written at `i × outputStride`.
    ///
    /// Both buffers must hold all rows: `(rows − 1) × stride + width` elements.
    func callAsFunction(
        _ input: UnsafeBufferPointer<Float>, inputStride: Int,
        into output: UnsafeMutableBufferPointer<Float>, outputStride: Int, rows: Int
    ) {
        guard rows > 0 else { return }
        precondition((rows - 1) * inputStride + inputs <= input.count)
        precondition((rows - 1) * outputStride + outputs <= output.count)
        guard let source = input.baseAddress, let destination = output.baseAddress else { return }
        weights.withUnsafeBufferPointer { weights in
            for first in stride(from: 0, to: rows, by: 4) {
                // A short last group repeats its last row, and writes it once.
                let group = min(4, rows - first)
                let row = (
                    source + first * inputStride,
                    source + (first + min(1, group - 1)) * inputStride,
                    source + (first + min(2, group - 1)) * inputStride,
                    source + (first + min(3, group - 1)) * inputStride
                )
                for vector in 0..<vectors {
                    var sums = (bias[vector], bias[vector], bias[vector], bias[vector])
                    for k in 0..<inputs {
                        let weight = weights[k * vectors + vector]
                        sums.0.addProduct(weight, Vector(repeating: row.0[k]))
                        sums.1.addProduct(weight, Vector(repeating: row.1[k]))
                        sums.2.addProduct(weight, Vector(repeating: row.2[k]))
                        sums.3.addProduct(weight, Vector(repeating: row.3[k]))
                    }
                    let count = min(16, outputs - vector * 16)
                    let start = destination + first * outputStride + vector * 16
                    for lane in 0..<count {
                        start[lane] = sums.0[lane]
                        if group > 1 { start[outputStride + lane] = sums.1[lane] }
                        if group > 2 { start[2 * outputStride + lane] = sums.2[lane] }
                        if group > 3 { start[3 * outputStride + lane] = sums.3[lane] }
                    }
                }
            }
        }
    }

    /// The vector-Jacobian product with respect to the input, x̄ = Wᵀ ȳ, for rows of gradients.
    ///
    /// Row i of ȳ is read at `i × outputStride`, of x̄ added at `i × inputStride`. Both buffers must hold all rows:
    /// `(rows − 1) × stride + width` elements.
    func addGradient(
        _ output: UnsafeBufferPointer<Float>, outputStride: Int,
        to input: UnsafeMutableBufferPointer<Float>, inputStride: Int, rows: Int
    ) {
        guard rows > 0 else { return }
        precondition((rows - 1) * inputStride + inputs <= input.count)
        precondition((rows - 1) * outputStride + outputs <= output.count)
        guard let source = output.baseAddress, let destination = input.baseAddress else { return }
        weights.withUnsafeBufferPointer { weights in
            withUnsafeTemporaryAllocation(of: Vector.self, capacity: vectors) { gradient in
                for row in 0..<rows {
                    gradient.initialize(repeating: .zero)
                    for i in 0..<outputs { gradient[i / 16][i % 16] = source[row * outputStride + i] }
                    let result = destination + row * inputStride
                    for k in 0..<inputs {
                        var sum = Vector.zero
                        for vector in 0..<vectors {
                            sum.addProduct(weights[k * vectors + vector], gradient[vector])
                        }
                        result[k] += sum.sum()
                    }
                }
            }
        }
    }
}
