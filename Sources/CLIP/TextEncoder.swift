import Checkpoints
import NeuralLayers
import Tensors

/// The weights of the text encoder.
struct TextWeights: Sendable {
    /// `[vocabulary, width]`
    let tokens: Tensor
    /// `[context, width]`
    let positions: Tensor
    let transformer: Transformer
    let finalNorm: LayerNorm
    /// `[width, d]`
    let projection: Tensor

    init(_ checkpoint: Checkpoint, _ configuration: CLIPConfiguration) throws(CLIPError) {
        let (width, dimension) = (configuration.textWidth, configuration.dimension)
        tokens = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("token_embedding.weight", shape: [configuration.vocabularySize, width])
        }
        positions = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("positional_embedding", shape: [configuration.contextLength, width])
        }
        transformer = try Transformer(
            checkpoint, prefix: "transformer.", width: width, heads: configuration.textHeads, isCausal: true)
        finalNorm = try LayerNorm(checkpoint, "ln_final", width: width)
        projection = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("text_projection", shape: [width, dimension])
        }
    }
}

/// CLIP's text encoder. Belongs to one thread at a time.
///
/// It is causal, so no token after a text's end mark is computed; the texts of a call go through the layers
/// together, one after another without padding.
public final class TextEncoder {
    private let model: CLIPModel

    init(_ model: CLIPModel) { self.model = model }

    /// Embeddings before they are brought to unit norm: `[texts.count, d]`.
    /// - Throws: `CLIPError.tokenizer` for a text longer than the context.
    public func embed(_ texts: [String]) throws(CLIPError) -> Tensor {
        let (weights, configuration) = (model.text, model.configuration)
        let (width, dimension) = (configuration.textWidth, configuration.dimension)
        var sequences: [[Int]] = []
        for text in texts {
            do throws(TokenizerError) {
                let padded = try model.tokenizer.tokens(of: text, contextLength: configuration.contextLength)
                let end = padded.firstIndex(of: model.tokenizer.endMark) ?? padded.count - 1
                sequences.append(Array(padded[...end]))
            } catch { throw .tokenizer(error) }
        }
        let lengths = sequences.map(\.count)
        let rows = lengths.reduce(0, +)
        var x = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([max(1, rows), width]) })
        var row = 0
        for sequence in sequences {
            for (position, token) in sequence.enumerated() {
                for i in 0..<width {
                    x[row * width + i] =
                        weights.tokens[token * width + i] + weights.positions[position * width + i]
                }
                row += 1
            }
        }
        var ends = Tensor(
            zeros: try shaping { () throws(ShapeError) in try Shape([max(1, texts.count), width]) })
        var result = Tensor(
            zeros: try shaping { () throws(ShapeError) in try Shape([texts.count, dimension]) })
        guard !texts.isEmpty else { return result }
        let workspace = Transformer.Workspace(rows: rows, longest: lengths.max() ?? 0, width: width)
        try layering { () throws(NeuralLayerError) in
            try x.withUnsafeMutableValues { (x) throws(NeuralLayerError) in
                guard let x = x.baseAddress else { return }
                try weights.transformer(x, lengths: lengths, workspace: workspace)
                ends.withUnsafeMutableValues { ends in
                    guard let ends = ends.baseAddress else { return }
                    var last = -1
                    for (text, length) in lengths.enumerated() {
                        last += length
                        weights.finalNorm(x + last * width, stride: width, into: ends + text * width, rows: 1)
                    }
                }
            }
            try project(ends, weights.projection, rows: texts.count, into: &result)
        }
        return result
    }
}

/// x · P for rows of x: `[rows, width] · [width, d]`.
func project(_ x: Tensor, _ projection: Tensor, rows: Int, into result: inout Tensor) throws(NeuralLayerError)
{
    let (width, dimension) = (projection.shape[0], projection.shape[1])
    try x.withUnsafeValues { (x) throws(NeuralLayerError) in
        try projection.withUnsafeValues { (projection) throws(NeuralLayerError) in
            try result.withUnsafeMutableValues { (result) throws(NeuralLayerError) in
                guard let x = x.baseAddress, let p = projection.baseAddress, let y = result.baseAddress else {
                    return
                }
                try MatrixProduct.multiply(
                    .init(x, rows: rows, columns: width), .init(p, rows: width, columns: dimension),
                    transposed: false, into: y, stride: dimension)
            }
        }
    }
}
