import COneDNN
import Tensors

/// StyleGAN's fully connected layer with an equalised learning rate, for weights that change between two runs:
/// y = √2 · lrelu(m/√I · W x + m b), whose slope is 0.2 below zero (rosinality's `EqualLinear` with `fused_lrelu`).
///
/// Forward, and the vector-Jacobian product with respect to weights, bias and input. Belongs to one thread at a time.
/// Nothing is allocated when it runs.
public final class EqualizedLinear {
    private static let slope: Float = 0.2

    private let rows, inputs, outputs: Int
    /// m, the learning-rate multiplier that weights and biases are stored without.
    private let multiplier: Float
    /// m/√I
    private let gain: Float
    private let product, inputProduct: Primitive
    private let input, weights, transposedWeights, output, outputGradient, inputGradient: Memory
    private let weightGradient: LinearWeightGradient

    /// - Parameters:
    ///   - rows: how many go through at once.
    ///   - inputs: I.
    ///   - outputs: O.
    ///   - multiplier: m.
    /// - Throws: `NeuralLayerError.unsupported` unless all extents are positive.
    public init(rows: Int, inputs: Int, outputs: Int, multiplier: Float) throws(NeuralLayerError) {
        let what = "an equalised linear layer"
        guard min(rows, inputs, outputs) > 0 else {
            throw .unsupported(operation: what, shape: [], reason: "rows and widths are from 1 on")
        }
        (self.rows, self.inputs, self.outputs, self.multiplier) = (rows, inputs, outputs, multiplier)
        gain = multiplier / Float(inputs).squareRoot()
        input = try .window(.rowMajor([rows, inputs]))
        weights = try .window(.rowMajor([outputs, inputs]))
        transposedWeights = try .window(.view([inputs, outputs], strides: [1, inputs], of: what))
        output = try .window(.rowMajor([rows, outputs]))
        outputGradient = try .window(.rowMajor([rows, outputs]))
        inputGradient = try .window(.rowMajor([rows, inputs]))
        product = try Primitive(
            MatrixProduct(
                what, input.descriptor, transposedWeights.descriptor, into: output.descriptor, scale: gain
            ).descriptor,
            [(DNNL_ARG_SRC, input), (DNNL_ARG_WEIGHTS, transposedWeights), (DNNL_ARG_DST, output)])
        inputProduct = try Primitive(
            MatrixProduct(
                what, outputGradient.descriptor, weights.descriptor, into: inputGradient.descriptor
            ).descriptor,
            [
                (DNNL_ARG_SRC, outputGradient), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, inputGradient),
            ])
        weightGradient = try LinearWeightGradient(rows: rows, inputs: inputs, outputs: outputs)
    }

    /// - Parameters:
    ///   - x: `[rows, I]`
    ///   - weights: W, `[O, I]`.
    ///   - bias: b, `[1, O]`.
    ///   - y: `[rows, O]`, other memory than the input's.
    public func callAsFunction(
        _ x: Activations, weights w: Activations, bias: Activations, into y: Activations
    ) throws(NeuralLayerError) {
        try requireShapes(x, w, bias, y)
        try input.slide(to: 0, of: x, reach: rows * inputs)
        try transposedWeights.slide(to: 0, of: w, reach: outputs * inputs)
        try output.slide(to: 0, of: y, reach: rows * outputs)
        try product.execute()
        let b = bias.elements
        for row in 0..<rows {
            let y = y[row: row]
            for o in 0..<outputs {
                let value = y[o] + multiplier * b[o]
                y[o] = max(value, Self.slope * value) * Float(2).squareRoot()
            }
        }
    }

    /// The vector-Jacobian product at the run that made `y` of `x`.
    /// - Parameters:
    ///   - gradient: ȳ, `[rows, O]`; overwritten on the way.
    ///   - ofWeights: W̄, `[O, I]`, overwritten.
    ///   - ofBias: b̄, `[1, O]`, overwritten.
    ///   - ofInput: x̄, `[rows, I]`, overwritten; nil where nobody asks for it.
    public func gradients(
        of gradient: Activations, input x: Activations, output y: Activations, weights w: Activations,
        ofWeights: Activations, ofBias: Activations, ofInput: Activations?
    ) throws(NeuralLayerError) {
        try requireShapes(x, w, ofBias, y)
        let (outer, values) = (gradient.elements, y.elements)
        // The gradient of W x, m/√I and all: y has the sign of what the activation was given.
        for i in outer.indices { outer[i] *= (values[i] > 0 ? 1 : Self.slope) * Float(2).squareRoot() * gain }
        try weightGradient(input: x, outputGradient: gradient, weights: ofWeights, bias: ofBias)
        for o in 0..<outputs { ofBias.elements[o] *= multiplier / gain }
        guard let ofInput else { return }
        try outputGradient.slide(to: 0, of: gradient, reach: rows * outputs)
        try weights.slide(to: 0, of: w, reach: outputs * inputs)
        try inputGradient.slide(to: 0, of: ofInput, reach: rows * inputs)
        try inputProduct.execute()
    }

    private func requireShapes(
        _ x: Activations, _ weights: Activations, _ bias: Activations, _ y: Activations
    ) throws(NeuralLayerError) {
        for (what, found, expected) in [
            ("an equalised linear layer's input", x, [rows, inputs]),
            ("an equalised linear layer's weights", weights, [outputs, inputs]),
            ("an equalised linear layer's bias", bias, [1, outputs]),
            ("an equalised linear layer's output", y, [rows, outputs]),
        ] where found.rows != expected[0] || found.width != expected[1] {
            throw .mismatch(
                what: what, found: [found.rows, found.width], expected: [expected[0], expected[1]])
        }
    }
}
