import NeuralLayers
import Tensors

/// The weights of one residual block for the forward and backward pass, packed; shared by any number of blocks on any
/// thread.
struct TransformerBlockGradientWeights: Sendable {
    /// The rows of an image, and how many of them are queries and go through the rest of the block.
    let tokens, queryRows: Int
    /// The gradients that go back together.
    let batch: Int
    let norm1, norm2: CLIPWeights.Norm
    let query, keysAndValues, out, expand, contract: LinearWeights
    let queryGradient, keysAndValuesGradient, outGradient, expandGradient, contractGradient: LinearWeights

    init(_ weights: CLIPWeights, _ names: CLIPNames.Block, tokens: Int, queryRows: Int, batch: Int) throws {
        (self.tokens, self.queryRows, self.batch) = (tokens, queryRows, batch)
        norm1 = try weights.norm(names.norm1)
        norm2 = try weights.norm(names.norm2)
        let projections = try weights.projections(names)
        func forward(
            _ layer: CLIPWeights.Layer, rows: Int, isAdding: Bool = false
        ) throws -> LinearWeights {
            try LinearWeights(layer.weight, bias: layer.bias, rows: rows, isAdding: isAdding)
        }
        func backward(_ layer: CLIPWeights.Layer, rows: Int) throws -> LinearWeights {
            try LinearWeights(gradientOf: layer.weight, rows: batch * rows)
        }
        query = try forward(projections.query, rows: queryRows)
        queryGradient = try backward(projections.query, rows: queryRows)
        keysAndValues = try forward(projections.keysAndValues, rows: tokens)
        keysAndValuesGradient = try backward(projections.keysAndValues, rows: tokens)
        let (out, expand, contract) = try (
            weights.layer(names.out), weights.layer(names.expand), weights.layer(names.contract)
        )
        self.out = try forward(out, rows: queryRows, isAdding: true)
        outGradient = try backward(out, rows: queryRows)
        self.expand = try forward(expand, rows: queryRows)
        expandGradient = try backward(expand, rows: queryRows)
        self.contract = try forward(contract, rows: queryRows, isAdding: true)
        contractGradient = try backward(contract, rows: queryRows)
    }
}

/// One residual block, x += out(attention(norm1(x))); x += contract(activation(expand(norm2(x)))), there with one
/// image and back with a batch of gradients.
///
/// Belongs to one thread at a time.
final class TransformerBlockGradient {
    /// Rows that every block of a tower overwrites.
    struct Scratch {
        // Of the image, `[tokens, …]`.
        let normed, queries, keysAndValues, context, hidden: Activations
        // Of the gradients, `[batch × tokens, …]`.
        let normedGradient, queriesGradient, keysAndValuesGradient, contextGradient,
            hiddenGradient: Activations

        init(_ sizes: CLIPConfiguration.Tower, tokens: Int, batch: Int) throws {
            let (width, rows) = (sizes.width, batch * tokens)
            normed = try Activations(rows: tokens, width: width)
            queries = try Activations(rows: tokens, width: width)
            keysAndValues = try Activations(rows: tokens, width: 2 * width)
            context = try Activations(rows: tokens, width: width)
            hidden = try Activations(rows: tokens, width: sizes.hiddenWidth)
            normedGradient = try Activations(rows: rows, width: width)
            queriesGradient = try Activations(rows: rows, width: width)
            keysAndValuesGradient = try Activations(rows: rows, width: 2 * width)
            contextGradient = try Activations(rows: rows, width: width)
            hiddenGradient = try Activations(rows: rows, width: sizes.hiddenWidth)
        }
    }

    private let tokens, queryRows, batch: Int
    private let activation: ActivationFunction
    private let scratch: Scratch

    private let norm1, norm2: LayerNorm
    private let query, keysAndValues, out, expand, contract: Linear
    private let attention: Attention

    private let norm1Gradient, norm2Gradient: LayerNormGradient
    private let queryGradient, keysAndValuesGradient, outGradient, expandGradient, contractGradient: Linear
    private let attentionGradient: AttentionGradient
    /// The activation's derivative where the image went through it: `[queryRows, hidden]`.
    private let slopes: Activations

    init(
        _ weights: TransformerBlockGradientWeights, _ sizes: CLIPConfiguration.Tower,
        activation: ActivationFunction, scratch: Scratch
    ) throws {
        (tokens, queryRows, batch) = (weights.tokens, weights.queryRows, weights.batch)
        self.activation = activation
        self.scratch = scratch
        let (gain1, gain2) = (weights.norm1.gain, weights.norm2.gain)
        norm1 = try LayerNorm(gain: gain1, bias: weights.norm1.bias, rows: tokens)
        norm2 = try LayerNorm(gain: gain2, bias: weights.norm2.bias, rows: queryRows)
        query = try Linear(weights.query)
        keysAndValues = try Linear(weights.keysAndValues)
        out = try Linear(weights.out)
        expand = try Linear(weights.expand)
        contract = try Linear(weights.contract)
        let headWidth = sizes.width / sizes.heads
        attention = try Attention(
            sequences: 1, queries: queryRows, keys: tokens, heads: sizes.heads, headWidth: headWidth)
        norm1Gradient = try LayerNormGradient(gain: gain1, rows: tokens)
        norm2Gradient = try LayerNormGradient(gain: gain2, rows: queryRows)
        queryGradient = try Linear(weights.queryGradient)
        keysAndValuesGradient = try Linear(weights.keysAndValuesGradient)
        outGradient = try Linear(weights.outGradient)
        expandGradient = try Linear(weights.expandGradient)
        contractGradient = try Linear(weights.contractGradient)
        attentionGradient = try AttentionGradient(
            gradients: batch, queries: queryRows, keys: tokens, heads: sizes.heads, headWidth: headWidth)
        slopes = try Activations(rows: queryRows, width: sizes.hiddenWidth)
    }

    /// The block's forward pass; keeps what the backward pass needs.
    /// - Parameters:
    ///   - x: `[tokens, W]`
    ///   - queried: `[queryRows, W]`, the first rows of each image, which are the queries: overwritten by the result. The
    ///     same object as `x` where all rows are.
    func keep(_ x: Activations, querying queried: Activations) throws(NeuralLayerError) {
        try norm1Gradient.keep(x)
        try norm1(x, into: scratch.normed)
        try keysAndValues(scratch.normed, into: scratch.keysAndValues)
        // The queries come first.
        try query(scratch.normed, into: scratch.queries)
        try attention(queries: scratch.queries, keysAndValues: scratch.keysAndValues, into: scratch.context)
        try attentionGradient.keep(queries: scratch.queries, keysAndValues: scratch.keysAndValues)
        try out(scratch.context, into: queried)
        try norm2Gradient.keep(queried)
        try norm2(queried, into: scratch.normed)
        try expand(scratch.normed, into: scratch.hidden)
        let hidden = scratch.hidden.elements
        for i in slopes.elements.indices {
            let value = hidden[i]
            slopes.elements[i] = activation.derivative(at: value)
            hidden[i] = activation.value(at: value)
        }
        try contract(scratch.hidden, into: queried)
    }

    /// The block's backward pass, in place.
    /// - Parameters:
    ///   - x: x̄, `[batch × tokens, W]`: overwritten by the gradient of the block's input.
    ///   - queried: the gradient of the block's result, `[batch × queryRows, W]`. The same object as `x` where all rows
    ///     are queries; otherwise `x` need hold nothing yet.
    func callAsFunction(_ x: Activations, querying queried: Activations) throws(NeuralLayerError) {
        let (rows, allQueryRows) = (batch * tokens, batch * queryRows)
        try contractGradient(queried, into: scratch.hiddenGradient)  // [batch × queryRows, hidden]
        scale(scratch.hiddenGradient, rows: allQueryRows)
        try expandGradient(scratch.hiddenGradient, into: scratch.normedGradient)
        try norm2Gradient(scratch.normedGradient, into: queried, count: allQueryRows, adding: true)
        try outGradient(queried, into: scratch.contextGradient)  // [batch × queryRows, W]
        try attentionGradient(
            scratch.contextGradient, queries: scratch.queriesGradient,
            keysAndValues: scratch.keysAndValuesGradient)
        try keysAndValuesGradient(scratch.keysAndValuesGradient, into: scratch.normedGradient)
        try queryGradient(scratch.queriesGradient, into: scratch.contextGradient)
        if x !== queried { x.elements.update(repeating: 0) }
        for gradient in 0..<batch {
            for row in 0..<queryRows {
                let source = scratch.contextGradient[row: gradient * queryRows + row]
                let target = scratch.normedGradient[row: gradient * tokens + row]
                for i in target.indices { target[i] += source[i] }
                if x !== queried {
                    _ = x[row: gradient * tokens + row].update(
                        fromContentsOf: queried[row: gradient * queryRows + row])
                }
            }
        }
        try norm1Gradient(scratch.normedGradient, into: x, count: rows, adding: true)
    }

    private func scale(_ gradients: Activations, rows: Int) {
        for row in 0..<rows {
            let (gradient, slopes) = (gradients[row: row], slopes[row: row % queryRows])
            for i in gradient.indices { gradient[i] *= slopes[i] }
        }
    }
}
