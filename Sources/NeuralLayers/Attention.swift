import COneDNN
import Tensors

/// Full multi-head attention within sequences of one length: softmax(Q Kᵀ / √D) V, head by head.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class Attention {
    private let sequences, queries, keys, heads, headWidth: Int
    private let scale: Primitive
    private let softmax: Primitive
    private let blend: Primitive
    private let query, key, value, context: Memory

    /// - Parameters:
    ///   - sequences: N, how many sequences go through at once.
    ///   - queries: the rows of a sequence that ask.
    ///   - keys: the rows of a sequence, T, that are attended to.
    ///   - heads: H; the width of queries, keys and values is H × `headWidth`.
    ///   - headWidth: D.
    /// - Throws: `NeuralLayerError.unsupported` unless all are positive.
    public init(
        sequences: Int, queries: Int, keys: Int, heads: Int, headWidth: Int
    ) throws(NeuralLayerError) {
        guard min(sequences, queries, keys, heads, headWidth) > 0 else {
            throw .unsupported(
                operation: "attention", shape: [],
                reason: "sequences, rows, heads and their width are from 1 on")
        }
        (self.sequences, self.queries, self.keys) = (sequences, queries, keys)
        (self.heads, self.headWidth) = (heads, headWidth)
        let width = heads * headWidth
        // Heads lie side by side in a row: [N, H, rows, D] is a view, not a copy. Keys and values share rows.
        let ofQueries = try MemoryDescriptor.view(
            [sequences, heads, queries, headWidth], strides: [queries * width, headWidth, width, 1],
            of: "attention's queries")
        let ofKeys = try MemoryDescriptor.view(
            [sequences, heads, headWidth, keys], strides: [keys * 2 * width, headWidth, 1, 2 * width],
            of: "attention's keys")
        let ofValues = try MemoryDescriptor.view(
            [sequences, heads, keys, headWidth], strides: [keys * 2 * width, headWidth, 2 * width, 1],
            of: "attention's values")
        let ofScores = try MemoryDescriptor.rowMajor([sequences, heads, queries, keys])
        query = try .window(ofQueries)
        key = try .window(ofKeys)
        value = try .window(ofValues)
        context = try .window(ofQueries)
        let scores = try Memory(ofScores)

        scale = try Primitive(
            MatrixProduct(
                "attention's scores", ofQueries, ofKeys, into: ofScores,
                scale: 1 / Float(headWidth).squareRoot()
            ).descriptor,
            [(DNNL_ARG_SRC, query), (DNNL_ARG_WEIGHTS, key), (DNNL_ARG_DST, scores)])
        var description = dnnl_softmax_desc_t()
        try check(
            withUnsafePointer(to: ofScores.value) {
                dnnl_softmax_forward_desc_init(&description, dnnl_forward_inference, $0, 3)
            }, "a softmax", [ofScores.shape])
        softmax = try Primitive(
            .describing(description, "a softmax", [ofScores.shape]),
            [(DNNL_ARG_SRC, scores), (DNNL_ARG_DST, scores)])
        blend = try Primitive(
            MatrixProduct("attention's blend", ofScores, ofValues, into: ofQueries).descriptor,
            [(DNNL_ARG_SRC, scores), (DNNL_ARG_WEIGHTS, value), (DNNL_ARG_DST, context)])
    }

    /// - Parameters:
    ///   - q: `[N × queries, H × D]`
    ///   - keysAndValues: `[N × T, 2 × H × D]`, a row's keys before its values.
    ///   - result: `[N × queries, H × D]`, other memory than `q`.
    public func callAsFunction(
        queries q: Activations, keysAndValues: Activations, into result: Activations
    ) throws(NeuralLayerError) {
        let width = heads * headWidth
        guard q.width == width, keysAndValues.width == 2 * width, result.width == width else {
            throw .mismatch(
                what: "attention's queries, keys and result",
                found: [q.width, keysAndValues.width, result.width],
                expected: [width, 2 * width, width])
        }
        try query.slide(to: 0, of: q, reach: sequences * queries * width)
        try key.slide(to: 0, of: keysAndValues, reach: (2 * sequences * keys - 1) * width)
        try value.slide(to: width, of: keysAndValues, reach: (2 * sequences * keys - 1) * width)
        try context.slide(to: 0, of: result, reach: sequences * queries * width)
        try scale.execute()
        try softmax.execute()
        try blend.execute()
    }
}
