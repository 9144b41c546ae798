import NeuralLayers
import Tensors

/// OpenAI's modified ResNet: a stem of three convolutions, bottleneck blocks that pool where others stride, and a pool by
/// attention at the end, whose query is the mean of the last feature maps.
final class ResidualNetwork: ImageNetwork {
    var group: Int { tower.group }

    private let tower: ResidualTower
    private let preparation: ImagePreparation
    private let pictures: FeatureMap
    private let stem: [NormalisedConvolution]
    private let stemPool: AveragePool
    private let blocks: [Block]
    /// `[group, C, h, w]`
    private let features: FeatureMap
    /// `[group × tokens, …]`
    private let x, keysAndValues: Activations
    /// `[group, …]`
    private let means, queries, context, projected: Activations
    private let query, projectKeysAndValues, project: Linear
    private let attention: Attention

    /// One bottleneck block at work.
    private struct Block {
        let reduce, convolve, expand: NormalisedConvolution
        let pool, shortcutPool: AveragePool?
        let shortcut: NormalisedConvolution?
        /// What the block is given and, without a shortcut of its own, adds to.
        let input: FeatureMap

        init(_ weights: ResidualTower.Block, input: FeatureMap) throws {
            self.input = input
            reduce = try NormalisedConvolution(weights.reduce, input: input)
            convolve = try NormalisedConvolution(weights.convolve, input: reduce.output)
            pool = weights.halves ? try AveragePool(convolve.output) : nil
            shortcutPool = weights.halves ? try AveragePool(input) : nil
            let from = shortcutPool?.output ?? input
            shortcut = try weights.shortcut.map { try NormalisedConvolution($0, input: from) }
            // Without a convolution of its own the shortcut is the input itself, which nothing reads afterwards.
            expand = try NormalisedConvolution(
                weights.expand, input: pool?.output ?? convolve.output, output: shortcut?.output ?? input)
        }

        func run() throws(NeuralLayerError) {
            try reduce()
            try convolve()
            try pool?()
            try shortcutPool?()
            try shortcut?()
            try expand()
        }
    }

    /// - Parameters:
    ///   - height: of the images given.
    ///   - width: likewise.
    init(_ tower: ResidualTower, _ configuration: CLIPConfiguration, height: Int, width: Int) throws {
        self.tower = tower
        preparation = try ImagePreparation(height: height, width: width, for: configuration)
        pictures = try FeatureMap(tower.stem[0].input, layout: .planes)
        var stem: [NormalisedConvolution] = []
        for weights in tower.stem {
            stem.append(try NormalisedConvolution(weights, input: stem.last?.output ?? pictures))
        }
        self.stem = stem
        stemPool = try AveragePool(stem[stem.count - 1].output)
        var blocks: [Block] = []
        for weights in tower.blocks {
            blocks.append(try Block(weights, input: blocks.last?.expand.output ?? stemPool.output))
        }
        self.blocks = blocks
        features = blocks.last?.expand.output ?? stemPool.output

        let (group, tokens) = (tower.group, tower.positions.shape[0])
        let channels = features.channels
        x = try Activations(rows: group * tokens, width: channels)
        keysAndValues = try Activations(rows: group * tokens, width: 2 * channels)
        means = try Activations(rows: group, width: channels)
        queries = try Activations(rows: group, width: channels)
        context = try Activations(rows: group, width: channels)
        projected = try Activations(rows: group, width: configuration.dimension)
        query = try Linear(tower.query)
        projectKeysAndValues = try Linear(tower.keysAndValues)
        project = try Linear(tower.projection)
        let heads = configuration.image.heads
        attention = try Attention(
            sequences: group, queries: 1, keys: tokens, heads: heads, headWidth: channels / heads)
    }

    func take(_ image: UnsafeBufferPointer<Float>, place: Int) {
        let size = pictures.elements.count / group
        preparation.planes(
            of: image,
            into: UnsafeMutableBufferPointer(rebasing: pictures.elements[place * size..<(place + 1) * size]))
    }

    func embedding(_ place: Int) -> UnsafeMutableBufferPointer<Float> { projected[row: place] }

    func run() throws(NeuralLayerError) {
        for convolution in stem { try convolution() }  // [group, C, R/2, R/2]
        try stemPool()
        for block in blocks { try block.run() }  // [group, C, R/32, R/32]
        let tokens = tower.positions.shape[0]
        for image in 0..<group {
            features.fillTokens(of: image, positions: tower.positions, into: x, row: image * tokens)
            _ = means[row: image].update(fromContentsOf: x[row: image * tokens])
        }
        try query(means, into: queries)
        try projectKeysAndValues(x, into: keysAndValues)
        try attention(queries: queries, keysAndValues: keysAndValues, into: context)
        try project(context, into: projected)  // [group, d]
    }
}
