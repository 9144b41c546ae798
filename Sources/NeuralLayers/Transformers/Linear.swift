import COneDNN
import Tensors

/// A linear layer on a fixed number of rows: y = f(x Wᵀ + b), or y += x Wᵀ + b.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs, and a row's result depends on that row alone.
public final class Linear {
    private let weights: LinearWeights
    private let primitive: Primitive
    private let input: Memory
    private let output: Memory

    /// A layer of these weights, for the calling thread's number of threads.
    public init(_ weights: LinearWeights) throws(NeuralLayerError) {
        let plan = try LinearPlan(
            rows: weights.rows, weights: weights.packed.descriptor, hasBias: weights.bias != nil,
            activation: weights.activation, isAdding: weights.isAdding)
        input = try .window(plan.input)
        output = try .window(plan.output)
        var arguments = [
            (DNNL_ARG_SRC, input), (DNNL_ARG_WEIGHTS, weights.packed), (DNNL_ARG_DST, output),
        ]
        if let bias = weights.bias { arguments.append((DNNL_ARG_BIAS, bias)) }
        primitive = try Primitive(plan.descriptor, arguments)
        self.weights = weights
    }

    /// - Parameters:
    ///   - x: `[…, I]`; as many rows as the weights were packed for are read from `row` on.
    ///   - y: `[…, O]`, other memory than the input's, written from `outputRow` on.
    public func callAsFunction(
        _ x: Activations, row: Int = 0, into y: Activations, outputRow: Int = 0
    ) throws(NeuralLayerError) {
        guard x.width == weights.inputs, y.width == weights.outputs else {
            throw .mismatch(
                what: "a linear layer's input and output", found: [x.width, y.width],
                expected: [weights.inputs, weights.outputs])
        }
        try input.slide(to: row * x.width, of: x, reach: weights.rows * x.width)
        try output.slide(to: outputRow * y.width, of: y, reach: weights.rows * y.width)
        try primitive.execute()
    }
}
