import NeuralLayers
import Tensors

/// The weights of one residual block for the way there and back, packed; shared by any number of blocks on any thread.
struct TransformerBlockGradientWeights: Sendable {
    /// The rows of an image, and how many of them ask and go through the rest of the block.
    let tokens, asking: Int
    /// The gradients that go back together.
    let batch: Int
    let norm1, norm2: CLIPWeights.Norm
    let query, keysAndValues, out, expand, contract: LinearWeights
    let queryGradient, keysAndValuesGradient, outGradient, expandGradient, contractGradient: LinearWeights

    init(_ weights: CLIPWeights, _ names: CLIPNames.Block, tokens: Int, asking: Int, batch: Int) throws {
        (self.tokens, self.asking, self.batch) = (tokens, asking, batch)
        norm1 = try weights.norm(names.norm1)
        norm2 = try weights.norm(names.norm2)
        let projections = try weights.projections(names)
        func there(
            _ layer: CLIPWeights.Layer, rows: Int, isAdding: Bool = false
        ) throws -> LinearWeights {
            try LinearWeights(layer.weight, bias: layer.bias, rows: rows, isAdding: isAdding)
        }
        func back(_ layer: CLIPWeights.Layer, rows: Int) throws -> LinearWeights {
            try LinearWeights(gradientOf: layer.weight, rows: batch * rows)
        }
        query = try there(projections.query, rows: asking)
        queryGradient = try back(projections.query, rows: asking)
        keysAndValues = try there(projections.keysAndValues, rows: tokens)
        keysAndValuesGradient = try back(projections.keysAndValues, rows: tokens)
        let (out, expand, contract) = try (
            weights.layer(names.out), weights.layer(names.expand), weights.layer(names.contract)
        )
        self.out = try there(out, rows: asking, isAdding: true)
        outGradient = try back(out, rows: asking)
        self.expand = try there(expand, rows: asking)
        expandGradient = try back(expand, rows: asking)
        self.contract = try there(contract, rows: asking, isAdding: true)
        contractGradient = try back(contract, rows: asking)
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
        let normedGradient, askingGradient, keysAndValuesGradient, contextGradient,
            hiddenGradient: Activations

        init(_ sizes: CLIPConfiguration.Tower, tokens: Int, batch: Int) throws {
            let (width, rows) = (sizes.width, batch * tokens)
            normed = try Activations(rows: tokens, width: width)
            queries = try Activations(rows: tokens, width: width)
            keysAndValues = try Activations(rows: tokens, width: 2 * width)
            context = try Activations(rows: tokens, width: width)
            hidden = try Activations(rows: tokens, width: sizes.hiddenWidth)
            normedGradient = try Activations(rows: rows, width: width)
            askingGradient = try Activations(rows: rows, width: width)
            keysAndValuesGradient = try Activations(rows: rows, width: 2 * width)
            contextGradient = try Activations(rows: rows, width: width)
            hiddenGradient = try Activations(rows: rows, width: sizes.hiddenWidth)
        }
    }

    private let tokens, asking, batch: Int
    private let activation: ActivationFunction
    private let scratch: Scratch

    private let norm1, norm2: LayerNorm
    private let query, keysAndValues, out, expand, contract: Linear
    private let attention: Attention

    private let norm1Gradient, norm2Gradient: LayerNormGradient
    private let queryGradient, keysAndValuesGradient, outGradient, expandGradient, contractGradient: Linear
    private let attentionGradient: AttentionGradient
    /// The activation's derivative where the image went through it: `[asking, hidden]`.
    private let slopes: Activations

    init(
        _ weights: TransformerBlockGradientWeights, _ sizes: CLIPConfiguration.Tower,
        activation: ActivationFunction, scratch: Scratch
    ) throws {
        (tokens, asking, batch) = (weights.tokens, weights.asking, weights.batch)
        self.activation = activation
        self.scratch = scratch
        let (gain1, gain2) = (weights.norm1.gain, weights.norm2.gain)
        norm1 = try LayerNorm(gain: gain1, bias: weights.norm1.bias, rows: tokens)
        norm2 = try LayerNorm(gain: gain2, bias: weights.norm2.bias, rows: asking)
        query = try Linear(weights.query)
        keysAndValues = try Linear(weights.keysAndValues)
        out = try Linear(weights.out)
        expand = try Linear(weights.expand)
        contract = try Linear(weights.contract)
        let headWidth = sizes.width / sizes.heads
        attention = try Attention(
            sequences: 1, queries: asking, keys: tokens, heads: sizes.heads, headWidth: headWidth)
        norm1Gradient = try LayerNormGradient(gain: gain1, rows: tokens)
        norm2Gradient = try LayerNormGradient(gain: gain2, rows: asking)
        queryGradient = try Linear(weights.queryGradient)
        keysAndValuesGradient = try Linear(weights.keysAndValuesGradient)
        outGradient = try Linear(weights.outGradient)
        expandGradient = try Linear(weights.expandGradient)
        contractGradient = try Linear(weights.contractGradient)
        attentionGradient = try AttentionGradient(
            gradients: batch, queries: asking, keys: tokens, heads: sizes.heads, headWidth: headWidth)
        slopes = try Activations(rows: asking, width: sizes.hiddenWidth)
    }

    /// The block's way there; keeps what the way back needs.
    /// - Parameters:
    ///   - x: `[tokens, W]`
    ///   - asked: `[asking, W]`, the first rows of each image that ask: overwritten by the result. The same object as
    ///     `x` where all rows ask.
    func keep(_ x: Activations, asking asked: Activations) throws(NeuralLayerError) {
        try norm1Gradient.keep(x)
        try norm1(x, into: scratch.normed)
        try keysAndValues(scratch.normed, into: scratch.keysAndValues)
        // The rows that ask come first.
        try query(scratch.normed, into: scratch.queries)
        try attention(queries: scratch.queries, keysAndValues: scratch.keysAndValues, into: scratch.context)
        try attentionGradient.keep(queries: scratch.queries, keysAndValues: scratch.keysAndValues)
        try out(scratch.context, into: asked)
        try norm2Gradient.keep(asked)
        try norm2(asked, into: scratch.normed)
        try expand(scratch.normed, into: scratch.hidden)
        let hidden = scratch.hidden.elements
        for i in slopes.elements.indices {
            let value = hidden[i]
            slopes.elements[i] = activation.derivative(at: value)
            hidden[i] = activation.value(at: value)
        }
        try contract(scratch.hidden, into: asked)
    }

    /// The block's way back, in place.
    /// - Parameters:
    ///   - x: x̄, `[batch × tokens, W]`: overwritten by the gradient of the block's input.
    ///   - asked: the gradient of the block's result, `[batch × asking, W]`. The same object as `x` where all rows
    ///     ask; otherwise `x` need hold nothing yet.
    func callAsFunction(_ x: Activations, asking asked: Activations) throws(NeuralLayerError) {
        let (rows, askingRows) = (batch * tokens, batch * asking)
        try contractGradient(asked, into: scratch.hiddenGradient)  // [batch × asking, hidden]
        scale(scratch.hiddenGradient, rows: askingRows)
        try expandGradient(scratch.hiddenGradient, into: scratch.normedGradient)
        try norm2Gradient(scratch.normedGradient, into: asked, count: askingRows, adding: true)
        try outGradient(asked, into: scratch.contextGradient)  // [batch × asking, W]
        try attentionGradient(
            scratch.contextGradient, queries: scratch.askingGradient,
            keysAndValues: scratch.keysAndValuesGradient)
        try keysAndValuesGradient(scratch.keysAndValuesGradient, into: scratch.normedGradient)
        try queryGradient(scratch.askingGradient, into: scratch.contextGradient)
        if x !== asked { x.elements.update(repeating: 0) }
        for gradient in 0..<batch {
            for row in 0..<asking {
                let source = scratch.contextGradient[row: gradient * asking + row]
                let target = scratch.normedGradient[row: gradient * tokens + row]
                for i in target.indices { target[i] += source[i] }
                if x !== asked {
                    _ = x[row: gradient * tokens + row].update(
                        fromContentsOf: asked[row: gradient * asking + row])
                }
            }
        }
        try norm1Gradient(scratch.normedGradient, into: x, count: rows, adding: true)
    }

    private func scale(_ gradients: Activations, rows: Int) {
        for row in 0..<rows {
            let (gradient, slopes) = (gradients[row: row], slopes[row: row % asking])
            for i in gradient.indices { gradient[i] *= slopes[i] }
        }
    }
}
