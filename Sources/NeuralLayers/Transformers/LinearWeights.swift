import COneDNN
import Tensors

/// The weights of a linear layer, in the order in which its kernel reads them: packed once, shared by any number of
/// layers on any thread.
///
/// `@unchecked Sendable` holds because the bytes do not change after `init`: primitives only read them.
public final class LinearWeights: @unchecked Sendable {
    /// The numbers that go into a row, I.
    public let inputs: Int
    /// The numbers that come out, O.
    public let outputs: Int
    /// The rows that go through at once.
    public let rows: Int
    public let activation: ActivationFunction
    /// Whether the result is added to what the output holds (a residual path).
    public let isAdding: Bool

    let packed: Memory
    let bias: Memory?

    /// - Parameters:
    ///   - weights: `[O, I]`
    ///   - bias: `[O]`
    ///   - rows: how many rows a layer takes at a time; the packing is chosen for it.
    ///   - activation: what the outputs go through.
    ///   - isAdding: whether the result is added to what the output holds; then there is no activation.
    /// - Throws: `NeuralLayerError.mismatch` where the tensors do not fit together.
    public init(
        _ weights: Tensor, bias: Tensor? = nil, rows: Int, activation: ActivationFunction = .identity,
        isAdding: Bool = false
    ) throws(NeuralLayerError) {
        guard weights.shape.rank == 2, weights.count > 0, rows > 0 else {
            throw .unsupported(
                operation: "a linear layer", shape: weights.shape,
                reason: "weights [outputs, inputs] are needed")
        }
        precondition(!isAdding || activation == .identity, "a residual path has no activation of its own")
        outputs = weights.shape[0]
        inputs = weights.shape[1]
        if let bias, bias.shape != [outputs] {
            throw .mismatch(what: "a linear layer's bias", found: bias.shape, expected: [outputs])
        }
        self.rows = rows
        self.activation = activation
        self.isAdding = isAdding
        let any = try MemoryDescriptor(weights.shape, dnnl_format_tag_any)
        let plan = try LinearPlan(
            rows: rows, weights: any, hasBias: bias != nil, activation: activation, isAdding: isAdding)
        packed = try Memory.reordering(weights, to: plan.weights)
        if let bias {
            self.bias = try Memory.reordering(bias, to: .rowMajor(bias.shape))
        } else {
            self.bias = nil
        }
    }
}

/// Which kernel a linear layer runs with and the layouts of its arguments.
struct LinearPlan {
    let descriptor: PrimitiveDescriptor
    let input: MemoryDescriptor
    let output: MemoryDescriptor
    let weights: MemoryDescriptor

    init(
        rows: Int, weights: MemoryDescriptor, hasBias: Bool, activation: ActivationFunction, isAdding: Bool
    ) throws(NeuralLayerError) {
        let input = try MemoryDescriptor.rowMajor([rows, weights.shape[1]])
        let output = try MemoryDescriptor.rowMajor([rows, weights.shape[0]])
        let bias = try hasBias ? MemoryDescriptor.rowMajor([weights.shape[0]]) : nil
        let shapes = [input.shape, weights.shape]
        var description = dnnl_inner_product_desc_t()
        try check(
            withUnsafePointer(to: input.value) { input in
                withUnsafePointer(to: weights.value) { weights in
                    withUnsafePointer(to: output.value) { output in
                        guard var bias = bias?.value else {
                            return dnnl_inner_product_forward_desc_init(
                                &description, dnnl_forward_inference, input, weights, nil, output)
                        }
                        return dnnl_inner_product_forward_desc_init(
                            &description, dnnl_forward_inference, input, weights, &bias, output)
                    }
                }
            }, "a linear layer", shapes)
        let engine = try Engine.processor().handle
        descriptor = try PrimitiveDescriptor("a linear layer", shapes) {
            handle, attributes throws(NeuralLayerError) in
            try Self.append(activation, isAdding: isAdding, to: attributes)
            return dnnl_primitive_desc_create(&handle, &description, attributes, engine, nil)
        }
        self.input = input
        self.output = output
        self.weights = descriptor.memory(dnnl_query_weights_md, shape: weights.shape)
    }

    /// What the kernel does to its outputs before it writes them.
    static func append(
        _ activation: ActivationFunction, isAdding: Bool, to attributes: dnnl_primitive_attr_t
    ) throws(NeuralLayerError) {
        guard isAdding || activation != .identity else { return }
        var operations: dnnl_post_ops_t?
        try check(dnnl_post_ops_create(&operations), "a linear layer's activation")
        defer { dnnl_post_ops_destroy(operations) }
        if isAdding {
            try check(dnnl_post_ops_append_sum(operations, 1), "a linear layer's sum")
        }
        switch activation {
        case .identity: break
        case .gelu:
            try check(
                dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_gelu_erf, 0, 0),
                "a linear layer's GELU")
        case .quickGELU:
            try check(
                dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_swish, 1.702, 0),
                "a linear layer's GELU")
        }
        try check(dnnl_primitive_attr_set_post_ops(attributes, operations), "a linear layer's activation")
    }
}
