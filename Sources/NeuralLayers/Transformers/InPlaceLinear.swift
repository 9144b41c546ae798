import COneDNN
import Tensors

/// A linear layer for weights that stay where they lie, a mapped file perhaps: y = f(x Wᵀ + b), or y += x Wᵀ + b.
///
/// One object serves all layers of its shape. `Linear` packs its weights first, which pays from the second use on.
/// Weights in half precision stay so, and become float32 for as long as they are multiplied by.
/// Belongs to one thread at a time.
public final class InPlaceLinear {
    /// Some of a layer's outputs: rows of its weights `[O, I]` and of its bias `[O]`.
    public struct Part: Sendable {
        let weights: StoredMatrix
        let bias: Tensor
        public let outputs: Range<Int>

        /// - Throws: `NeuralLayerError.mismatch` where the tensors do not fit together or have no such rows.
        public init(_ weights: Tensor, bias: Tensor, outputs: Range<Int>? = nil) throws(NeuralLayerError) {
            let matrix: StoredMatrix
            do throws(ShapeError) {
                matrix = try StoredMatrix(weights)
            } catch {
                throw .mismatch(
                    what: "a linear layer's weights", found: weights.shape, expected: [bias.count, 0])
            }
            try self.init(matrix, bias: bias, outputs: outputs)
        }

        /// - Throws: `NeuralLayerError.mismatch` where the tensors do not fit together or have no such rows.
        public init(
            _ weights: StoredMatrix, bias: Tensor, outputs: Range<Int>? = nil
        ) throws(NeuralLayerError) {
            guard bias.shape == [weights.shape[0]] else {
                throw .mismatch(
                    what: "a linear layer's bias", found: bias.shape,
                    expected: [weights.shape[0]])
            }
            let outputs = outputs ?? 0..<bias.count
            guard !outputs.isEmpty, outputs.lowerBound >= 0, outputs.upperBound <= bias.count else {
                throw .unsupported(
                    operation: "a linear layer", shape: weights.shape, reason: "it has no outputs \(outputs)")
            }
            self.weights = weights
            self.bias = bias
            self.outputs = outputs
        }

        public var inputs: Int { weights.shape[1] }
    }

    private let rows, inputs, outputs, stride: Int
    private let primitive: Primitive
    private let input, weights, bias, output: Memory
    private let scratchpad: Scratchpad

    /// A layer for the calling thread's number of threads.
    /// - Parameters:
    ///   - rows: how many rows go through at once.
    ///   - outputs: the numbers that come out, O.
    ///   - stride: the width of the rows that they are part of; nil where they are all of them.
    ///   - activation: what the outputs go through.
    ///   - isAdding: whether the result is added to what the output holds; then there is no activation.
    ///   - scratchpad: for weights in half precision, shared with the thread's other layers.
    public init(
        rows: Int, inputs: Int, outputs: Int, stride: Int? = nil, activation: ActivationFunction = .identity,
        isAdding: Bool = false, scratchpad: Scratchpad = Scratchpad()
    ) throws(NeuralLayerError) {
        precondition(!isAdding || activation == .identity, "a residual path has no activation of its own")
        guard min(rows, inputs, outputs) > 0 else {
            throw .unsupported(
                operation: "a linear layer", shape: [], reason: "rows, inputs and outputs are from 1 on")
        }
        (self.rows, self.inputs, self.outputs) = (rows, inputs, outputs)
        self.stride = stride ?? outputs
        self.scratchpad = scratchpad
        let name = "a linear layer"
        let x = try MemoryDescriptor.rowMajor([rows, inputs])
        // Weights [O, I] are read as their transpose [I, O].
        let w = try MemoryDescriptor.view([inputs, outputs], strides: [1, inputs], of: name)
        let b = try MemoryDescriptor.rowMajor([1, outputs])
        let y = try MemoryDescriptor.view([rows, outputs], strides: [self.stride, 1], of: name)
        input = try .window(x)
        weights = try .window(w)
        bias = try .window(b)
        output = try .window(y)
        primitive = try Primitive(
            MatrixProduct(name, x, w, bias: b, into: y, activation: activation, isAdding: isAdding)
                .descriptor,
            [
                (DNNL_ARG_SRC, input), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_BIAS, bias),
                (DNNL_ARG_DST, output),
            ])
    }

    /// - Parameters:
    ///   - x: `[≥ rows, I]`.
    ///   - y: `[…, stride]`, other memory than the input's, written from `row` and `column` on.
    public func callAsFunction(
        _ x: Activations, _ part: Part, into y: Activations, row: Int = 0, column: Int = 0
    ) throws(NeuralLayerError) {
        guard x.width == inputs, part.inputs == inputs, part.outputs.count == outputs, y.width == stride,
            column + outputs <= stride
        else {
            throw .mismatch(
                what: "a linear layer's input, output and weights",
                found: [x.width, y.width, part.outputs.count],
                expected: [inputs, stride, outputs])
        }
        try input.slide(to: 0, of: x, reach: rows * inputs)
        try output.slide(to: row * stride + column, of: y, reach: (rows - 1) * stride + outputs)
        try part.bias.withUnsafeValues { values throws(NeuralLayerError) in
            try bias.slide(over: values[part.outputs])
            guard let tensor = part.weights.tensor else {
                scratchpad.reserve(byteCount: outputs * inputs * 4)
                part.weights.read(part.outputs, into: scratchpad.block.elements)
                try weights.slide(over: UnsafeBufferPointer(scratchpad.block.elements)[...])
                return try primitive.execute()
            }
            try tensor.withUnsafeValues { values throws(NeuralLayerError) in
                let (first, end) = (part.outputs.lowerBound * inputs, part.outputs.upperBound * inputs)
                try weights.slide(over: values[first..<end])
                try primitive.execute()
            }
        }
    }
}
