import NeuralLayers
import Tensors

/// CLIP's vision transformer: patches and the class token through the blocks.
///
/// Of the last block only the class token's row is computed, for nothing else is asked.
final class VisionTransformer: ImageNetwork {
    var group: Int { tower.group }

    private let tokens: Int
    private let tower: ImageTower
    private let preparation: ImagePreparation

    // The rows of one group of images, `[group × tokens, …]`.
    private let patches, embedded, x, queries, keysAndValues, context: Activations
    // Their class tokens' rows, `[group, …]`.
    private let classX, classQueries, classContext, classNormed, projected: Activations

    private let embedPatches: Linear
    private let normPre: LayerNorm
    private let blocks: [TransformerBlock]
    private let attention: Attention
    private let lastBlock: TransformerBlock
    private let classAttention: Attention
    private let normPost: LayerNorm
    private let project: Linear

    /// - Parameters:
    ///   - height: of the images given.
    ///   - width: likewise.
    init(_ tower: ImageTower, _ configuration: CLIPConfiguration, height: Int, width: Int) throws {
        let sizes = configuration.image
        tokens = configuration.imageTokens
        self.tower = tower
        let group = tower.group
        let rows = group * tokens
        preparation = try ImagePreparation(height: height, width: width, for: configuration)
        patches = try Activations(rows: rows, width: tower.patches.inputs)
        embedded = try Activations(rows: rows, width: sizes.width)
        x = try Activations(rows: rows, width: sizes.width)
        queries = try Activations(rows: rows, width: sizes.width)
        keysAndValues = try Activations(rows: rows, width: 2 * sizes.width)
        context = try Activations(rows: rows, width: sizes.width)
        classX = try Activations(rows: group, width: sizes.width)
        classQueries = try Activations(rows: group, width: sizes.width)
        classContext = try Activations(rows: group, width: sizes.width)
        classNormed = try Activations(rows: group, width: sizes.width)
        projected = try Activations(rows: group, width: configuration.dimension)

        embedPatches = try Linear(tower.patches)
        normPre = try LayerNorm(gain: tower.normPre.gain, bias: tower.normPre.bias, rows: rows)
        let hidden = try Activations(rows: rows, width: sizes.hiddenWidth)
        let normed = try Activations(rows: rows, width: sizes.width)
        blocks = try tower.blocks.dropLast().map {
            try TransformerBlock($0, normed: normed, hidden: hidden)
        }
        let headWidth = sizes.width / sizes.heads
        attention = try Attention(
            sequences: group, queries: tokens, keys: tokens, heads: sizes.heads, headWidth: headWidth)
        lastBlock = try TransformerBlock(
            tower.blocks[tower.blocks.count - 1], normed: normed, hidden: hidden)
        classAttention = try Attention(
            sequences: group, queries: 1, keys: tokens, heads: sizes.heads, headWidth: headWidth)
        normPost = try LayerNorm(gain: tower.normPost.gain, bias: tower.normPost.bias, rows: group)
        project = try Linear(tower.projection)
    }

    func take(_ image: UnsafeBufferPointer<Float>, place: Int) {
        preparation.patches(of: image, into: patches, row: place * tokens)
    }

    func embedding(_ place: Int) -> UnsafeMutableBufferPointer<Float> { projected[row: place] }

    /// `patches` `[group × tokens, 3 P P]` to `projected` `[group, d]`. Rows of images that are not there are what an
    /// earlier group left: no other row depends on them.
    func run() throws(NeuralLayerError) {
        tower.positions.withUnsafeValues { positions in
            for i in 0..<group {
                let rows = embedded.elements[i * positions.count..<(i + 1) * positions.count]
                _ = UnsafeMutableBufferPointer(rebasing: rows).update(fromContentsOf: positions)
            }
        }
        try embedPatches(patches, into: embedded)  // [group × tokens, W]
        try normPre(embedded, into: x)
        for block in blocks {
            try block.project(x, queries: queries, keysAndValues: keysAndValues)
            try attention(queries: queries, keysAndValues: keysAndValues, into: context)
            try block.finish(context, x)
        }
        try lastBlock.projectKeysAndValues(x, into: keysAndValues)
        for i in 0..<group { _ = classX[row: i].update(fromContentsOf: x[row: i * tokens]) }  // [group, W]
        try lastBlock.projectQueries(classX, into: classQueries)
        try classAttention(queries: classQueries, keysAndValues: keysAndValues, into: classContext)
        try lastBlock.finish(classContext, classX)
        try normPost(classX, into: classNormed)
        try project(classNormed, into: projected)  // [group, d]
    }
}
