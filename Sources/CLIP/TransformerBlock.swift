import NeuralLayers
import Tensors

/// The weights of one residual block, packed for a number of rows; shared by any number of blocks on any thread.
struct TransformerBlockWeights: Sendable {
    let norm1, norm2: CLIPWeights.Norm
    let query, keysAndValues, out, expand, contract: LinearWeights

    /// - Parameters:
    ///   - rows: how many rows become keys and values at a time.
    ///   - queryRows: how many rows are queries at a time and go through the rest of the block: fewer in the last block, of
    ///     which only the rows that become embeddings are wanted.
    init(
        _ weights: CLIPWeights, _ names: CLIPNames.Block, _ configuration: CLIPConfiguration, rows: Int,
        queryRows: Int
    ) throws {
        func linear(
            _ layer: String, rows: Int, activation: ActivationFunction = .identity, isAdding: Bool = false
        ) throws -> LinearWeights {
            try LinearWeights(
                weights.tensor(layer + ".weight"), bias: weights.tensor(layer + ".bias"), rows: rows,
                activation: activation, isAdding: isAdding)
        }
        norm1 = try weights.norm(names.norm1)
        norm2 = try weights.norm(names.norm2)
        let projections = try weights.projections(names)
        query = try LinearWeights(
            projections.query.weight, bias: projections.query.bias, rows: queryRows)
        keysAndValues = try LinearWeights(
            projections.keysAndValues.weight, bias: projections.keysAndValues.bias, rows: rows)
        out = try linear(names.out, rows: queryRows, isAdding: true)
        expand = try linear(names.expand, rows: queryRows, activation: configuration.activation)
        contract = try linear(names.contract, rows: queryRows, isAdding: true)
    }
}

/// One residual block: x += out(attention(norm1(x))); x += contract(activation(expand(norm2(x)))).
///
/// The attention between its two halves is the tower's. Belongs to one thread at a time.
final class TransformerBlock {
    private let norm1, norm1OfAsking, norm2: LayerNorm
    private let query, keysAndValues, out, expand, contract: Linear
    private let queriesAllRows: Bool
    /// `[rows, W]` after a norm and `[rows, hidden]` between the last two layers; shared with the other blocks.
    private let normed, hidden: Activations

    /// - Parameters:
    ///   - normed: `[≥ rows, W]`, overwritten by every call.
    ///   - hidden: `[≥ rows, hiddenWidth]`, overwritten by every call.
    init(_ weights: TransformerBlockWeights, normed: Activations, hidden: Activations) throws {
        let (rows, queryRows) = (weights.keysAndValues.rows, weights.query.rows)
        queriesAllRows = rows == queryRows
        norm1 = try LayerNorm(gain: weights.norm1.gain, bias: weights.norm1.bias, rows: rows)
        norm1OfAsking =
            queriesAllRows
            ? norm1 : try LayerNorm(gain: weights.norm1.gain, bias: weights.norm1.bias, rows: queryRows)
        norm2 = try LayerNorm(gain: weights.norm2.gain, bias: weights.norm2.bias, rows: queryRows)
        query = try Linear(weights.query)
        keysAndValues = try Linear(weights.keysAndValues)
        out = try Linear(weights.out)
        expand = try Linear(weights.expand)
        contract = try Linear(weights.contract)
        self.normed = normed
        self.hidden = hidden
    }

    /// Queries, keys and values of the rows from `row` on, for a block in which all rows are queries.
    func project(
        _ x: Activations, row: Int = 0, queries: Activations, keysAndValues result: Activations
    ) throws(NeuralLayerError) {
        precondition(queriesAllRows)
        try projectKeysAndValues(x, row: row, into: result)
        try query(normed, into: queries, outputRow: row)
    }

    func projectKeysAndValues(
        _ x: Activations, row: Int = 0, into result: Activations
    ) throws(NeuralLayerError) {
        try norm1(x, row: row, into: normed)
        try keysAndValues(normed, into: result, outputRow: row)
    }

    func projectQueries(_ x: Activations, row: Int = 0, into queries: Activations) throws(NeuralLayerError) {
        try norm1OfAsking(x, row: row, into: normed)
        try query(normed, into: queries, outputRow: row)
    }

    /// All that follows the attention, for the rows from `row` on.
    func finish(_ context: Activations, _ x: Activations, row: Int = 0) throws(NeuralLayerError) {
        try out(context, row: row, into: x, outputRow: row)
        try norm2(x, row: row, into: normed)
        try expand(normed, into: hidden)
        try contract(hidden, into: x, outputRow: row)
    }
}
