import NeuralLayers
import Tensors

/// A tree of texts on its way through the text transformer, on one thread.
struct TextPass {
    /// Some of the tree's rows, with the layers that all blocks share for that number of them.
    private struct Rows {
        let x, normed, queries, context, hidden: Activations
        private let norm: LayerNorm
        private let query, out, expand, contract: InPlaceLinear

        init(_ tower: TextTower, count: Int, _ scratchpad: Scratchpad) throws {
            let (width, hiddenWidth) = (tower.sizes.width, tower.sizes.hiddenWidth)
            x = try Activations(rows: count, width: width)
            normed = try Activations(rows: count, width: width)
            queries = try Activations(rows: count, width: width)
            context = try Activations(rows: count, width: width)
            hidden = try Activations(rows: count, width: hiddenWidth)
            norm = try LayerNorm(gain: tower.normFinal.gain, bias: tower.normFinal.bias, rows: count)
            query = try InPlaceLinear(
                rows: count, inputs: width, outputs: width, scratchpad: scratchpad)
            out = try InPlaceLinear(
                rows: count, inputs: width, outputs: width, isAdding: true, scratchpad: scratchpad)
            expand = try InPlaceLinear(
                rows: count, inputs: width, outputs: hiddenWidth, activation: tower.activation,
                scratchpad: scratchpad)
            contract = try InPlaceLinear(
                rows: count, inputs: hiddenWidth, outputs: width, isAdding: true, scratchpad: scratchpad)
        }

        /// norm(x), into `normed`.
        func normalise(_ weights: CLIPWeights.Norm) throws(NeuralLayerError) {
            try norm.take(gain: weights.gain, bias: weights.bias)
            try norm(x, into: normed)
        }

        func ask(_ block: TextTower.Block) throws(NeuralLayerError) {
            try query(normed, block.query, into: queries)
        }

        /// All of a block that follows its attention.
        func finish(_ block: TextTower.Block) throws(NeuralLayerError) {
            try out(context, block.out, into: x)
            try normalise(block.norm2)
            try expand(normed, block.expand, into: hidden)
            try contract(hidden, block.contract, into: x)
        }
    }

    private let tower: TextTower
    private let tree: TokenTree
    private let beginnings: TextBeginnings
    private let attention: TreeAttention
    /// The nodes that are not known.
    private let rows: Rows
    /// Of all nodes, the known ones first: `[nodes, 2 W]`.
    private let keysAndValues: Activations
    private let memorise: [InPlaceLinear]
    private let scratchpad = Scratchpad()

    /// - Parameter beginnings: what the tree goes on from.
    init(_ tower: TextTower, _ tree: TokenTree, after beginnings: TextBeginnings) throws {
        (self.tower, self.tree, self.beginnings) = (tower, tree, beginnings)
        let sizes = tower.sizes
        attention = try TreeAttention(heads: sizes.heads, headWidth: sizes.width / sizes.heads)
        rows = try Rows(tower, count: tree.fresh.count, scratchpad)
        keysAndValues = try Activations(rows: tree.count, width: 2 * sizes.width)
        memorise = try tower.blocks[0].keysAndValues.map { [scratchpad] in
            try InPlaceLinear(
                rows: tree.fresh.count, inputs: sizes.width, outputs: $0.outputs.count,
                stride: 2 * sizes.width, scratchpad: scratchpad)
        }
    }

    /// The embeddings of the tree's texts, not normalised: `[ends, d]`.
    func embeddings() throws -> Tensor {
        let ends = try Rows(tower, count: tree.ends.count, scratchpad)
        embedTokens()
        for number in tower.blocks.indices.dropLast() { try run(number) }

        // Of the last block only the ends' rows are asked for.
        let last = tower.blocks.count - 1
        try remember(last)
        for (i, node) in tree.ends.enumerated() {
            _ = ends.x[row: i].update(fromContentsOf: rows.x[row: node - tree.known])
            _ = ends.normed[row: i].update(fromContentsOf: rows.normed[row: node - tree.known])
        }
        try ends.ask(tower.blocks[last])
        attention(
            queries: ends.queries, keysAndValues: keysAndValues, rows: tree.ends, parents: tree.parents,
            into: ends.context)
        try ends.finish(tower.blocks[last])
        try ends.normalise(tower.normFinal)
        let projected = try Activations(rows: tree.ends.count, width: tower.dimension)
        let project = try InPlaceLinear(
            rows: tree.ends.count, inputs: tower.sizes.width, outputs: tower.dimension)
        try project(ends.normed, tower.projection, into: projected)
        return projected.tensor()
    }

    /// The keys and values of all nodes: `[layers, nodes, 2 W]`.
    func memory() throws -> Tensor {
        embedTokens()
        var memory = Tensor(zeros: [tower.blocks.count, tree.count, keysAndValues.width])
        for number in tower.blocks.indices {
            try number + 1 < tower.blocks.count ? run(number) : remember(number)
            memory.withUnsafeMutableValues {
                let start = number * keysAndValues.elements.count
                let own = $0[start..<start + keysAndValues.elements.count]
                _ = UnsafeMutableBufferPointer(rebasing: own).update(fromContentsOf: keysAndValues.elements)
            }
        }
        return memory
    }

    /// x = the token's row + its position's row
    private func embedTokens() {
        let width = tower.sizes.width
        tower.positions.withUnsafeValues { positions in
            for node in tree.fresh {
                let x = rows.x[row: node - tree.known]
                let (token, position) = (tree.tokens[node], tree.depths[node] * width)
                tower.tokens.read(token..<token + 1, into: x)
                for i in 0..<width { x[i] += positions[position + i] }
            }
        }
    }

    /// One whole block.
    private func run(_ number: Int) throws(NeuralLayerError) {
        let block = tower.blocks[number]
        try remember(number)
        try rows.ask(block)
        attention(
            queries: rows.queries, keysAndValues: keysAndValues, rows: tree.fresh, parents: tree.parents,
            into: rows.context)
        try rows.finish(block)
    }

    /// The keys and values of a block, the known ones copied.
    private func remember(_ number: Int) throws(NeuralLayerError) {
        let known = tree.known * keysAndValues.width
        beginnings.memory.withUnsafeValues {
            _ = keysAndValues.elements.update(fromContentsOf: $0[number * known..<(number + 1) * known])
        }
        let block = tower.blocks[number]
        try rows.normalise(block.norm1)
        var column = 0
        for (layer, part) in zip(memorise, block.keysAndValues) {
            try layer(rows.normed, part, into: keysAndValues, row: tree.known, column: column)
            column += part.outputs.count
        }
    }
}
