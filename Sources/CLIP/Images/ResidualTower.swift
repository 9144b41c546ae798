import NeuralLayers
import Tensors

/// The sizes of OpenAI's modified ResNet: stem convolutions to `width` channels, then four stages.
struct ResidualSizes: Hashable, Sendable {
    /// A block's middle width in the first stage; doubled by every further one.
    let width: Int
    /// The blocks of each stage.
    let blocks: [Int]

    /// A block's output is so many times as wide as its middle.
    static let expansion = 4
    /// A picture's side to that of the last maps: by 2 in the stem's first convolution, its pool, and three stages.
    static let reduction = 32

    /// The channels of the last maps.
    var features: Int { width * 8 * Self.expansion }

    /// The middle width of a stage's blocks.
    func middle(stage: Int) -> Int { width << stage }

    /// The channels that a block takes.
    func inputs(stage: Int, block: Int) -> Int {
        if block > 0 { return middle(stage: stage) * Self.expansion }
        return stage == 0 ? width : middle(stage: stage - 1) * Self.expansion
    }

    /// The first block of every stage but the first halves its maps.
    func halves(stage: Int, block: Int) -> Bool { stage > 0 && block == 0 }

    /// Whether a block's shortcut has a convolution: where its maps change their size or number.
    func hasShortcut(stage: Int, block: Int) -> Bool { block == 0 }
}

/// The weights of a ResNet's image tower, packed once for a group of images and shared by all image encoders of a model.
struct ResidualTower: Sendable {
    /// One bottleneck block: 1×1, 3×3, a pool where it halves, 1×1, and the shortcut's own 1×1.
    struct Block: Sendable {
        let reduce, convolve, expand: NormalisedConvolutionWeights
        let shortcut: NormalisedConvolutionWeights?
        let halves: Bool
    }

    /// As in `ImageTower`: fixed, so that an embedding does not depend on its company.
    static let group = 4
    let group: Int
    let stem: [NormalisedConvolutionWeights]
    let blocks: [Block]
    /// `[tokens, C]`: added to the mean of the last maps, then to their pixels.
    let positions: Tensor
    let query, keysAndValues, projection: LinearWeights

    init(
        _ weights: CLIPWeights, _ configuration: CLIPConfiguration, _ sizes: ResidualSizes,
        group: Int = Self.group
    ) throws {
        self.group = group
        let names = weights.names.residual
        var side = configuration.imageResolution
        let images = group
        func convolution(
            _ name: String, _ normalisation: String, inputs: Int, stride: Int = 1,
            finish: NormalisedConvolutionWeights.Finish = .relu
        ) throws -> NormalisedConvolutionWeights {
            try NormalisedConvolutionWeights(
                weights.tensor(name + ".weight"),
                .init(
                    gain: weights.tensor(normalisation + ".weight"),
                    bias: weights.tensor(normalisation + ".bias"),
                    mean: weights.tensor(normalisation + ".running_mean"),
                    variance: weights.tensor(normalisation + ".running_var")),
                input: Shape([images, inputs, side, side]), stride: stride, finish: finish)
        }
        let half = sizes.width / 2
        let first = try convolution(names.image + "conv1", names.image + "bn1", inputs: 3, stride: 2)
        side = first.output[2]
        stem = [
            first, try convolution(names.image + "conv2", names.image + "bn2", inputs: half),
            try convolution(names.image + "conv3", names.image + "bn3", inputs: half),
        ]
        side /= 2
        var blocks: [Block] = []
        for (stage, count) in sizes.blocks.enumerated() {
            for block in 0..<count {
                let name = names.block(stage: stage, block)
                let (inputs, middle) = (sizes.inputs(stage: stage, block: block), sizes.middle(stage: stage))
                let reduce = try convolution(name + "conv1", name + "bn1", inputs: inputs)
                let convolve = try convolution(name + "conv2", name + "bn2", inputs: middle)
                let halves = sizes.halves(stage: stage, block: block)
                if halves { side /= 2 }
                blocks.append(
                    Block(
                        reduce: reduce, convolve: convolve,
                        expand: try convolution(
                            name + "conv3", name + "bn3", inputs: middle, finish: .addingThenReLU),
                        shortcut: sizes.hasShortcut(stage: stage, block: block)
                            ? try convolution(
                                name + "downsample.0", name + "downsample.1", inputs: inputs, finish: .none)
                            : nil,
                        halves: halves))
            }
        }
        self.blocks = blocks

        positions = try weights.tensor(names.pool + "positional_embedding")
        let layers = try PoolLayers(weights)
        query = try LinearWeights(layers.query.weight, bias: layers.query.bias, rows: group)
        keysAndValues = try LinearWeights(
            layers.keysAndValues.weight, bias: layers.keysAndValues.bias, rows: group * positions.shape[0])
        projection = try LinearWeights(layers.projection.weight, bias: layers.projection.bias, rows: group)
    }

    /// The linear layers of the pool by attention.
    struct PoolLayers {
        let query, keysAndValues, projection: CLIPWeights.Layer

        init(_ weights: CLIPWeights) throws {
            func layer(_ name: String) throws -> CLIPWeights.Layer {
                try weights.layer(weights.names.residual.pool + name)
            }
            query = try layer("q_proj")
            keysAndValues = try .joined(layer("k_proj"), layer("v_proj"))
            projection = try layer("c_proj")
        }
    }
}
