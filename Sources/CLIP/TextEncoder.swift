import NeuralLayers
import Tensors

/// CLIP's text encoder: texts to embeddings as the model puts them out, not normalised.
///
/// Rows are computed up to each text's end mark only, and once for all texts that begin alike; of the last block only
/// the end marks' rows. An embedding does not depend on which texts come with it. Belongs to one thread at a time.
public final class TextEncoder {
    /// The tokens of a tree that go through the transformer together; bounds the memory that any request takes.
    private static let largestTree = 2048

    /// The tokenizer, configuration and weights that it encodes with.
    public let model: CLIPModel
    private let tower: TextTower
    private let blocks: [TransformerBlock]
    private let lastBlock: TransformerBlock
    private let attention: TreeAttention
    private let normFinal: LayerNorm
    private let project: Linear
    private var rows: Rows
    private let normedEnds, projectedEnds: Activations

    /// The activations of a tree, grown when a larger one comes.
    private struct Rows {
        let x, queries, keysAndValues, context: Activations
        let endX, endQueries, endContext: Activations

        /// - Parameters:
        ///   - nodes: a multiple of `TextTower.rows`.
        ///   - ends: likewise.
        init(nodes: Int, ends: Int, width: Int) throws(NeuralLayerError) {
            x = try Activations(rows: nodes, width: width)
            queries = try Activations(rows: nodes, width: width)
            keysAndValues = try Activations(rows: nodes, width: 2 * width)
            context = try Activations(rows: nodes, width: width)
            endX = try Activations(rows: ends, width: width)
            endQueries = try Activations(rows: ends, width: width)
            endContext = try Activations(rows: ends, width: width)
        }
    }

    /// - Throws: `CLIPError`.
    public init(_ model: CLIPModel) throws(CLIPError) {
        self.model = model
        tower = try model.textTower()
        let sizes = model.configuration.text
        do {
            let normed = try Activations(rows: TextTower.rows, width: sizes.width)
            let hidden = try Activations(rows: TextTower.rows, width: sizes.hiddenWidth)
            blocks = try tower.blocks.dropLast().map {
                try TransformerBlock($0, normed: normed, hidden: hidden)
            }
            lastBlock = try TransformerBlock(
                tower.blocks[tower.blocks.count - 1], normed: normed, hidden: hidden)
            attention = try TreeAttention(heads: sizes.heads, headWidth: sizes.width / sizes.heads)
            normFinal = try LayerNorm(
                gain: tower.normFinal.gain, bias: tower.normFinal.bias, rows: TextTower.rows)
            project = try Linear(tower.projection)
            rows = try Rows(nodes: TextTower.rows, ends: TextTower.rows, width: sizes.width)
            normedEnds = try Activations(rows: TextTower.rows, width: sizes.width)
            projectedEnds = try Activations(
                rows: TextTower.rows, width: model.configuration.dimension)
        } catch {
            throw CLIPError(error)
        }
    }

    /// The embeddings of texts, `[n, d]`, not normalised.
    /// - Throws: `CLIPError.tokenizer` where a text takes more tokens than the context holds.
    public func embed(_ texts: [String]) throws(CLIPError) -> Tensor {
        let configuration = model.configuration
        let tokenized = try CLIPError.wrapping {
            try texts.map { try model.tokenizer.tokens(of: $0, contextLength: configuration.contextLength) }
        }
        var embeddings = Tensor(zeros: [texts.count, configuration.dimension])
        var first = 0
        while first < texts.count {
            var tree = TokenTree()
            var end = first
            // The tree's bound holds for any text, for none is longer than the context.
            while end < texts.count, end == first || tree.count + tokenized[end].count <= Self.largestTree {
                tree.add(tokenized[end], endMark: model.tokenizer.endMark)
                end += 1
            }
            try CLIPError.wrapping { try encode(tree, into: &embeddings, row: first) }
            first = end
        }
        return embeddings
    }

    private func encode(_ tree: TokenTree, into embeddings: inout Tensor, row: Int) throws(NeuralLayerError) {
        try reserve(tree)
        // Padding rows are computed and never read.
        let nodeChunks = stride(from: 0, to: tree.count, by: TextTower.rows)
        let endChunks = stride(from: 0, to: tree.ends.count, by: TextTower.rows)
        embedTokens(of: tree)
        for block in blocks {
            for row in nodeChunks {
                try block.project(rows.x, row: row, queries: rows.queries, keysAndValues: rows.keysAndValues)
            }
            attention(
                queries: rows.queries, keysAndValues: rows.keysAndValues, rows: 0..<tree.count,
                parents: tree.parents, into: rows.context)
            for row in nodeChunks { try block.finish(rows.context, rows.x, row: row) }
        }
        for row in nodeChunks {
            try lastBlock.projectKeysAndValues(rows.x, row: row, into: rows.keysAndValues)
        }
        for (i, node) in tree.ends.enumerated() {
            _ = rows.endX[row: i].update(fromContentsOf: rows.x[row: node])
        }
        for row in endChunks { try lastBlock.projectQueries(rows.endX, row: row, into: rows.endQueries) }
        attention(
            queries: rows.endQueries, keysAndValues: rows.keysAndValues, rows: tree.ends,
            parents: tree.parents,
            into: rows.endContext)
        for chunk in endChunks {
            try lastBlock.finish(rows.endContext, rows.endX, row: chunk)
            try normFinal(rows.endX, row: chunk, into: normedEnds)
            try project(normedEnds, into: projectedEnds)  // [rows, d]
            embeddings.withUnsafeMutableValues { embeddings in
                let width = projectedEnds.width
                for i in 0..<min(TextTower.rows, tree.ends.count - chunk) {
                    let start = (row + chunk + i) * width
                    _ = UnsafeMutableBufferPointer(rebasing: embeddings[start..<start + width])
                        .update(fromContentsOf: projectedEnds[row: i])
                }
            }
        }
    }

    private func reserve(_ tree: TokenTree) throws(NeuralLayerError) {
        guard tree.count > rows.x.rows || tree.ends.count > rows.endX.rows else { return }
        let nodes = (max(tree.count, rows.x.rows) + TextTower.rows - 1) / TextTower.rows * TextTower.rows
        let ends =
            (max(tree.ends.count, rows.endX.rows) + TextTower.rows - 1) / TextTower.rows
            * TextTower.rows
        rows = try Rows(nodes: nodes, ends: ends, width: rows.x.width)
    }

    /// x = the token's row + its position's row
    private func embedTokens(of tree: TokenTree) {
        let width = rows.x.width
        tower.tokens.withUnsafeValues { tokens in
            tower.positions.withUnsafeValues { positions in
                for node in 0..<tree.count {
                    let x = rows.x[row: node]
                    let (token, position) = (tree.tokens[node] * width, tree.depths[node] * width)
                    for i in 0..<width { x[i] = tokens[token + i] + positions[position + i] }
                }
            }
        }
    }
}
