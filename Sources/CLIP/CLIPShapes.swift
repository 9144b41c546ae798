import Tensors

/// Every tensor that the towers of a CLIP read, and the shape that it has in one of these sizes.
///
/// `CLIPConfiguration` bounds the sizes, so that no product of them overflows.
struct CLIPShapes {
    private(set) var tensors: [(name: String, shape: Shape)] = []
    private let names: CLIPNames
    /// The width of an embedding.
    private let dimension: Int

    init(_ configuration: CLIPConfiguration, _ names: CLIPNames) {
        self.names = names
        dimension = configuration.dimension
        let (image, text) = (configuration.image, configuration.text)
        if let residual = configuration.residual {
            add(residual)
            add(names.imagePositions, [configuration.imageTokens, residual.features])
        } else {
            let side = configuration.patchSize
            add(names.patches, [image.width, 3, side, side])
            add(names.classToken, [image.width])
            add(names.imagePositions, [configuration.imageTokens, image.width])
            for norm in [names.normPre, names.normPost] { addLayer(norm, [image.width]) }
            addProjection(names.imageProjection, width: image.width)
            for number in 0..<image.layers { add(names.block(.image, number), image) }
        }
        add(names.tokens, [configuration.vocabularySize, text.width])
        add(names.textPositions, [configuration.contextLength, text.width])
        addLayer(names.normFinal, [text.width])
        addProjection(names.textProjection, width: text.width)
        for number in 0..<text.layers { add(names.block(.text, number), text) }
    }

    private mutating func add(_ name: String, _ shape: Shape) { tensors.append((name, shape)) }

    /// A layer's weight, and a bias of the weight's first extent.
    private mutating func addLayer(_ name: String, _ shape: Shape) {
        add(name + ".weight", shape)
        add(name + ".bias", [shape[0]])
    }

    private mutating func addProjection(_ name: String, width: Int) {
        add(name, names.isProjectionTransposed ? [dimension, width] : [width, dimension])
    }

    /// One block of a transformer.
    private mutating func add(_ block: CLIPNames.Block, _ tower: CLIPConfiguration.Tower) {
        let width = tower.width
        for norm in [block.norm1, block.norm2] { addLayer(norm, [width]) }
        addLayer(block.out, [width, width])
        addLayer(block.expand, [tower.hiddenWidth, width])
        addLayer(block.contract, [width, tower.hiddenWidth])
        switch block.projections {
        case .joined(let weight, let bias):
            add(weight, [3 * width, width])
            add(bias, [3 * width])
        case .separate(let query, let key, let value):
            for layer in [query, key, value] { addLayer(layer, [width, width]) }
        }
    }

    /// The image tower, where it is a ResNet, but for its positions.
    private mutating func add(_ sizes: ResidualSizes) {
        let residual = names.residual
        let half = sizes.width / 2
        addConvolution(residual.image + "conv1", residual.image + "bn1", [half, 3, 3, 3])
        addConvolution(residual.image + "conv2", residual.image + "bn2", [half, half, 3, 3])
        addConvolution(residual.image + "conv3", residual.image + "bn3", [sizes.width, half, 3, 3])
        for (stage, count) in sizes.blocks.enumerated() {
            for block in 0..<count {
                let name = residual.block(stage: stage, block)
                let (inputs, middle) = (sizes.inputs(stage: stage, block: block), sizes.middle(stage: stage))
                let outputs = middle * ResidualSizes.expansion
                addConvolution(name + "conv1", name + "bn1", [middle, inputs, 1, 1])
                addConvolution(name + "conv2", name + "bn2", [middle, middle, 3, 3])
                addConvolution(name + "conv3", name + "bn3", [outputs, middle, 1, 1])
                if sizes.hasShortcut(stage: stage, block: block) {
                    addConvolution(name + "downsample.0", name + "downsample.1", [outputs, inputs, 1, 1])
                }
            }
        }
        let width = sizes.features
        for layer in ["q_proj", "k_proj", "v_proj"] { addLayer(residual.pool + layer, [width, width]) }
        addLayer(residual.pool + "c_proj", [dimension, width])
    }

    /// A convolution without a bias, and the normalisation behind it.
    private mutating func addConvolution(_ convolution: String, _ norm: String, _ shape: Shape) {
        add(convolution + ".weight", shape)
        for part in ["weight", "bias", "running_mean", "running_var"] { add("\(norm).\(part)", [shape[0]]) }
    }
}
