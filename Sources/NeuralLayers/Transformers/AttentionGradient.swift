import COneDNN
import Tensors

/// The vector-Jacobian product of an `Attention` over one sequence, for a fixed number of gradients at once.
///
/// With P = softmax(Q Kᵀ / √D), head by head, and C = P V:
///
///     P̄ = C̄ Vᵀ      S̄ = P ⊙ (P̄ − Σ_t P̄ ⊙ P) / √D      Q̄ = S̄ K      K̄ = S̄ᵀ Q      V̄ = Pᵀ C̄
///
/// Q, K, V and P belong to the one forward pass; gradients are stacked beside one another. Belongs to one thread at a
/// time. Nothing is allocated when it runs.
public final class AttentionGradient {
    private let gradients, queries, keys, heads, headWidth: Int
    private let probabilities: Memory  // P, [H, queries, T]
    private let scoreGradients: Memory  // P̄, then S̄: [H, gradients × queries, T]
    private let q, k, v: Activations
    private let score: Primitive
    private let softmax: Primitive
    private let toProbabilities, toQueries, toKeys, toValues: Primitive
    private let contextGradient, contextBySequence, queryGradient, keyGradient, valueGradient: Memory

    /// - Parameters:
    ///   - gradients: N, how many go through at once.
    ///   - queries: the rows that ask.
    ///   - keys: the rows of the sequence, T, that are attended to.
    ///   - heads: H; the width of queries, keys and values is H × `headWidth`.
    ///   - headWidth: D.
    /// - Throws: `NeuralLayerError.unsupported` unless all are positive.
    public init(
        gradients: Int, queries: Int, keys: Int, heads: Int, headWidth: Int
    ) throws(NeuralLayerError) {
        guard min(gradients, queries, keys, heads, headWidth) > 0 else {
            throw .unsupported(
                operation: "attention", shape: [],
                reason: "gradients, rows, heads and their width are from 1 on")
        }
        (self.gradients, self.queries, self.keys) = (gradients, queries, keys)
        (self.heads, self.headWidth) = (heads, headWidth)
        let width = heads * headWidth
        let what = "attention's gradient"
        func view(_ shape: Shape, _ strides: [Int]) throws(NeuralLayerError) -> MemoryDescriptor {
            try .view(shape, strides: strides, of: what)
        }
        q = try Activations(rows: queries, width: width)
        k = try Activations(rows: keys, width: width)
        v = try Activations(rows: keys, width: width)
        let (d, t, stacked) = (headWidth, keys, gradients * queries)

        // The forward pass: heads lie side by side in a row, so that [H, rows, D] is a view.
        let probabilities = try Memory(.rowMajor([heads, queries, keys]))
        let scores = probabilities.descriptor
        let query = try Memory(view([heads, queries, d], [d, width, 1]), of: q)
        let key = try Memory(view([heads, d, t], [d, 1, width]), of: k)
        score = try Primitive(
            MatrixProduct(
                what, query.descriptor, key.descriptor, into: scores, scale: 1 / Float(d).squareRoot()
            ).descriptor,
            [(DNNL_ARG_SRC, query), (DNNL_ARG_WEIGHTS, key), (DNNL_ARG_DST, probabilities)])
        var description = dnnl_softmax_desc_t()
        try check(
            withUnsafePointer(to: scores.value) {
                dnnl_softmax_forward_desc_init(&description, dnnl_forward_inference, $0, 2)
            }, "a softmax", [scores.shape])
        softmax = try Primitive(
            .describing(description, "a softmax", [scores.shape]),
            [(DNNL_ARG_SRC, probabilities), (DNNL_ARG_DST, probabilities)])
        self.probabilities = probabilities

        // P̄ = C̄ Vᵀ and Q̄ = S̄ K: all gradients' rows in one product a head.
        scoreGradients = try Memory(.rowMajor([heads, stacked, keys]))
        let rowsOfHeads = try view([heads, stacked, d], [d, width, 1])
        contextGradient = try .window(rowsOfHeads)
        queryGradient = try .window(rowsOfHeads)
        let values = try Memory(view([heads, d, t], [d, 1, width]), of: v)
        toProbabilities = try Primitive(
            MatrixProduct(what, rowsOfHeads, values.descriptor, into: scoreGradients.descriptor).descriptor,
            [
                (DNNL_ARG_SRC, contextGradient), (DNNL_ARG_WEIGHTS, values), (DNNL_ARG_DST, scoreGradients),
            ])
        let keyRows = try Memory(view([heads, t, d], [d, width, 1]), of: k)
        toQueries = try Primitive(
            MatrixProduct(what, scoreGradients.descriptor, keyRows.descriptor, into: rowsOfHeads).descriptor,
            [(DNNL_ARG_SRC, scoreGradients), (DNNL_ARG_WEIGHTS, keyRows), (DNNL_ARG_DST, queryGradient)])

        // K̄ = S̄ᵀ Q and V̄ = Pᵀ C̄: gradient by gradient, for each has its own.
        let sequencesOfKeys = try view([gradients, heads, t, d], [t * 2 * width, d, 2 * width, 1])
        keyGradient = try .window(sequencesOfKeys)
        valueGradient = try .window(sequencesOfKeys)
        let turnedScores = try Memory(
            view([gradients, heads, t, queries], [queries * t, stacked * t, 1, t]), in: scoreGradients.block)
        let oneQuery = try Memory(view([1, heads, queries, d], [queries * width, d, width, 1]), of: q)
        toKeys = try Primitive(
            MatrixProduct(what, turnedScores.descriptor, oneQuery.descriptor, into: sequencesOfKeys)
                .descriptor,
            [(DNNL_ARG_SRC, turnedScores), (DNNL_ARG_WEIGHTS, oneQuery), (DNNL_ARG_DST, keyGradient)])
        let turnedProbabilities = try Memory(
            view([1, heads, t, queries], [heads * queries * t, queries * t, 1, t]), in: probabilities.block)
        let sequences = try view([gradients, heads, queries, d], [queries * width, d, width, 1])
        contextBySequence = try .window(sequences)
        toValues = try Primitive(
            MatrixProduct(what, turnedProbabilities.descriptor, sequences, into: sequencesOfKeys).descriptor,
            [
                (DNNL_ARG_SRC, turnedProbabilities), (DNNL_ARG_WEIGHTS, contextBySequence),
                (DNNL_ARG_DST, valueGradient),
            ])
    }

    /// Keeps what gradients need of the forward pass.
    /// - Parameters:
    ///   - queries: Q, `[≥ queries, H × D]`
    ///   - keysAndValues: `[≥ T, 2 × H × D]`, a row's keys before its values.
    public func keep(queries rows: Activations, keysAndValues: Activations) throws(NeuralLayerError) {
        let width = heads * headWidth
        try require(rows, "attention's queries", [queries, width])
        try require(keysAndValues, "attention's keys and values", [keys, 2 * width])
        _ = q.elements.update(fromContentsOf: rows.elements.prefix(queries * width))
        for row in 0..<keys {
            let both = keysAndValues[row: row]
            _ = k[row: row].update(fromContentsOf: both.prefix(width))
            _ = v[row: row].update(fromContentsOf: both.dropFirst(width))
        }
        try score.execute()
        try softmax.execute()
    }

    /// - Parameters:
    ///   - output: C̄, `[N × queries, H × D]`
    ///   - queriesGradient: Q̄, `[N × queries, H × D]`, other memory than C̄'s.
    ///   - keysAndValuesGradient: K̄ before V̄ in a row: `[N × T, 2 × H × D]`.
    public func callAsFunction(
        _ output: Activations, queries queriesGradient: Activations,
        keysAndValues keysAndValuesGradient: Activations
    ) throws(NeuralLayerError) {
        let width = heads * headWidth
        let stacked = gradients * queries
        try require(output, "the gradient of attention's result", [stacked, width])
        try require(queriesGradient, "the gradient of attention's queries", [stacked, width])
        try require(
            keysAndValuesGradient, "the gradient of attention's keys and values",
            [gradients * keys, 2 * width])
        try contextGradient.slide(to: 0, of: output, reach: stacked * width)
        try contextBySequence.slide(to: 0, of: output, reach: stacked * width)
        try queryGradient.slide(to: 0, of: queriesGradient, reach: stacked * width)
        let reach = (2 * gradients * keys - 1) * width
        try keyGradient.slide(to: 0, of: keysAndValuesGradient, reach: reach)
        try valueGradient.slide(to: width, of: keysAndValuesGradient, reach: reach)
        try toProbabilities.execute()
        throughSoftmax()
        try toQueries.execute()
        try toKeys.execute()
        try toValues.execute()
    }

    /// S̄ = P ⊙ (P̄ − Σ_t P̄ ⊙ P) / √D, in the place of P̄.
    private func throughSoftmax() {
        guard let kept = probabilities.elements.baseAddress,
            let gradient = scoreGradients.elements.baseAddress
        else { return }
        let scale = 1 / Float(headWidth).squareRoot()
        for head in 0..<heads {
            for row in 0..<gradients * queries {
                let p = kept + (head * queries + row % queries) * keys
                let s = gradient + (head * gradients * queries + row) * keys
                var sums = SIMD16<Float>.zero
                let whole = keys / 16 * 16
                for t in stride(from: 0, to: whole, by: 16) {
                    // Within the row: 16 more numbers are there.
                    sums +=
                        UnsafeRawPointer(p + t).loadUnaligned(as: SIMD16<Float>.self)
                        * UnsafeRawPointer(s + t).loadUnaligned(as: SIMD16<Float>.self)
                }
                var sum = sums.sum()
                for t in whole..<keys { sum += p[t] * s[t] }
                for t in 0..<keys { s[t] = p[t] * (s[t] - sum) * scale }
            }
        }
    }

    private func require(_ found: Activations, _ what: String, _ needed: [Int]) throws(NeuralLayerError) {
        guard found.rows >= needed[0], found.width == needed[1] else {
            throw .mismatch(
                what: what, found: [found.rows, found.width], expected: [needed[0], needed[1]])
        }
    }
}
