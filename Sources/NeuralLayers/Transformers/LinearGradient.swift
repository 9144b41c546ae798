import COneDNN
import Tensors

extension LinearWeights {
    /// For the vector-Jacobian product of a linear layer with respect to its input, x̄ = ȳ W: itself a linear layer,
    /// by the transposed weights.
    /// - Parameters:
    ///   - weights: the layer's, `[O, I]`.
    ///   - rows: how many rows of gradients go through at a time.
    ///   - isAdding: whether x̄ is added to what is there.
    /// - Throws: `NeuralLayerError` where the weights are no matrix.
    public convenience init(
        gradientOf weights: Tensor, rows: Int, isAdding: Bool = false
    ) throws(NeuralLayerError) {
        guard weights.shape.rank == 2, weights.count > 0 else {
            throw .unsupported(
                operation: "a linear layer", shape: weights.shape,
                reason: "weights [outputs, inputs] are needed")
        }
        let (outputs, inputs) = (weights.shape[0], weights.shape[1])
        var transposed = Tensor(zeros: [inputs, outputs])
        weights.withUnsafeValues { weights in
            transposed.withUnsafeMutableValues { transposed in
                for o in 0..<outputs {
                    for i in 0..<inputs { transposed[i * outputs + o] = weights[o * inputs + i] }
                }
            }
        }
        try self.init(transposed, rows: rows, isAdding: isAdding)
    }
}

/// The vector-Jacobian product of a linear layer with respect to its weights and bias: W̄ = ȳᵀ x, b̄ = Σ_rows ȳ.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class LinearWeightGradient {
    private let rows, inputs, outputs: Int
    private let product: Primitive
    private let input, outputGradient, weightGradient: Memory

    /// - Parameters:
    ///   - rows: of the batch that is summed over.
    ///   - inputs: I.
    ///   - outputs: O.
    /// - Throws: `NeuralLayerError.unsupported` unless all are positive.
    public init(rows: Int, inputs: Int, outputs: Int) throws(NeuralLayerError) {
        guard min(rows, inputs, outputs) > 0 else {
            throw .unsupported(
                operation: "a linear layer's gradient", shape: [], reason: "rows and widths are from 1 on")
        }
        (self.rows, self.inputs, self.outputs) = (rows, inputs, outputs)
        let what = "a linear layer's gradient"
        input = try .window(.rowMajor([rows, inputs]))
        outputGradient = try .window(.view([outputs, rows], strides: [1, outputs], of: what))
        weightGradient = try .window(.rowMajor([outputs, inputs]))
        product = try Primitive(
            MatrixProduct(
                what, outputGradient.descriptor, input.descriptor, into: weightGradient.descriptor
            ).descriptor,
            [
                (DNNL_ARG_SRC, outputGradient), (DNNL_ARG_WEIGHTS, input), (DNNL_ARG_DST, weightGradient),
            ])
    }

    /// - Parameters:
    ///   - x: the layer's input, `[rows, I]`.
    ///   - y: ȳ, `[rows, O]`.
    ///   - weights: W̄, `[O, I]`.
    ///   - bias: b̄, `[1, O]`.
    public func callAsFunction(
        input x: Activations, outputGradient y: Activations, weights: Activations, bias: Activations
    ) throws(NeuralLayerError) {
        for (what, found, expected) in [
            ("a linear layer's input", x, [rows, inputs]),
            ("the gradient of a linear layer's output", y, [rows, outputs]),
            ("the gradient of a linear layer's weights", weights, [outputs, inputs]),
            ("the gradient of a linear layer's bias", bias, [1, outputs]),
        ] where found.rows != expected[0] || found.width != expected[1] {
            throw .mismatch(
                what: what, found: [found.rows, found.width], expected: [expected[0], expected[1]])
        }
        try input.slide(to: 0, of: x, reach: rows * inputs)
        try outputGradient.slide(to: 0, of: y, reach: rows * outputs)
        try weightGradient.slide(to: 0, of: weights, reach: outputs * inputs)
        try product.execute()
        bias.elements.update(repeating: 0)
        for row in 0..<rows {
            let (gradient, sums) = (y[row: row], bias[row: 0])
            for o in 0..<outputs { sums[o] += gradient[o] }
        }
    }
}
