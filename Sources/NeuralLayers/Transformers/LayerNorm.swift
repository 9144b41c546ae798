import COneDNN
import Tensors

/// Layer normalisation of a fixed number of rows: y = (x − mean) / √(variance + ε) × gain + bias, row by row.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class LayerNorm {
    private let rows: Int
    private let width: Int
    private let primitive: Primitive
    private let input: Memory
    private let output: Memory
    private let scale: Memory
    private let shift: Memory

    /// - Parameters:
    ///   - gain: `[width]`
    ///   - bias: `[width]`
    ///   - rows: how many rows go through at once.
    /// - Throws: `NeuralLayerError.mismatch` where the tensors do not fit together.
    public init(gain: Tensor, bias: Tensor, rows: Int, epsilon: Float = 1e-5) throws(NeuralLayerError) {
        guard gain.shape.rank == 1, gain.count > 0, rows > 0 else {
            throw .unsupported(
                operation: "a layer norm", shape: gain.shape, reason: "a gain [width] is needed")
        }
        guard bias.shape == gain.shape else {
            throw .mismatch(what: "a layer norm's bias", found: bias.shape, expected: gain.shape)
        }
        self.rows = rows
        width = gain.count
        let data = try MemoryDescriptor.rowMajor([rows, width])
        let statistics = try MemoryDescriptor.rowMajor([rows])
        var description = dnnl_layer_normalization_desc_t()
        let flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
        try check(
            withUnsafePointer(to: data.value) { data in
                withUnsafePointer(to: statistics.value) { statistics in
                    dnnl_layer_normalization_forward_desc_init(
                        &description, dnnl_forward_inference, data, statistics, epsilon, UInt32(flags))
                }
            }, "a layer norm", [data.shape])
        input = try .window(data)
        output = try .window(data)
        scale = try .reordering(gain, to: .rowMajor(gain.shape))
        shift = try .reordering(bias, to: .rowMajor(bias.shape))
        primitive = try Primitive(
            .describing(description, "a layer norm", [data.shape]),
            [
                (DNNL_ARG_SRC, input), (DNNL_ARG_DST, output), (DNNL_ARG_SCALE, scale),
                (DNNL_ARG_SHIFT, shift),
            ])
    }

    /// Takes the gain and bias of another norm of this width: networks that run once make one layer for all of theirs.
    /// - Throws: `NeuralLayerError.mismatch` where they are of another width.
    public func take(gain: Tensor, bias: Tensor) throws(NeuralLayerError) {
        for (tensor, memory) in [(gain, scale), (bias, shift)] {
            guard tensor.shape == [width] else {
                throw .mismatch(what: "a layer norm's gain or bias", found: tensor.shape, expected: [width])
            }
            tensor.withUnsafeValues { _ = memory.elements.update(fromContentsOf: $0) }
        }
    }

    /// - Parameters:
    ///   - x: `[…, width]`; the layer's number of rows is read from `row` on.
    ///   - y: `[…, width]`, written from `outputRow` on.
    public func callAsFunction(
        _ x: Activations, row: Int = 0, into y: Activations, outputRow: Int = 0
    ) throws(NeuralLayerError) {
        guard x.width == width, y.width == width else {
            throw .mismatch(
                what: "a layer norm's input and output", found: [x.width, y.width], expected: [width, width])
        }
        try input.slide(to: row * width, of: x, reach: rows * width)
        try output.slide(to: outputRow * width, of: y, reach: rows * width)
        try primitive.execute()
    }
}
