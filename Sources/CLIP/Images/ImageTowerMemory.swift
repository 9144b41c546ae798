/// The memory that a CLIP's image tower takes, known before it is made.
public struct ImageTowerMemory: Hashable, Sendable {
    /// Bytes of the packed weights, shared by all encoders, plus the largest layer's copy while it is packed.
    public private(set) var weights = 0
    /// Bytes of one encoder's activations.
    public private(set) var encoder = 0

    private let configuration: CLIPConfiguration
    /// One image as given and at CLIP's size.
    private let image: Int

    /// - Parameters:
    ///   - height: of the images given.
    ///   - width: likewise.
    public init(_ configuration: CLIPConfiguration, height: Int, width: Int) {
        self.configuration = configuration
        let side = configuration.imageResolution
        image = 4 * 3 * (height * width + side * side)
        encoder = image
        if let sizes = configuration.residual {
            add(sizes, configuration)
        } else {
            addTransformer(configuration)
        }
    }

    /// Bytes of one image's stored activations and of a batch of gradients.
    public func gradient(batch: Int) -> Int {
        guard configuration.residual == nil else {
            return image + (encoder - image) / ResidualTower.group * (1 + batch)
        }
        let (tower, tokens) = (configuration.image, configuration.imageTokens)
        let (width, hidden) = (tower.width, tower.hiddenWidth)
        let patch = 3 * configuration.patchSize * configuration.patchSize
        // Of every block: what its norms keep, queries, keys and values, slopes, and the attention's probabilities there
        // and back. Gradients overwrite one another from block to block.
        let block = tokens * (5 * width + hidden) + tower.heads * tokens * tokens * (1 + batch)
        let rows = tokens * (patch + 8 * width + hidden)
        return image + 4 * (tower.layers * block + (1 + batch) * rows)
    }

    private mutating func addTransformer(_ configuration: CLIPConfiguration) {
        let (tower, tokens) = (configuration.image, configuration.imageTokens)
        let (width, hidden) = (tower.width, tower.hiddenWidth)
        let patch = 3 * configuration.patchSize * configuration.patchSize
        let group = ImageTower.group(tokens: tokens)
        let (attention, wide) = (4 * width * width, width * hidden)
        let block = attention + 2 * wide + 9 * width + hidden
        weights = 4 * (tower.layers * block + (patch + tokens + configuration.dimension) * width)
        weights += 4 * 2 * max(attention / 2, wide, patch * width)
        // Patches, what they are embedded as, x, a norm of it, queries, keys, values and context; between the wide layers.
        let rows = patch + 8 * width + hidden
        encoder += 4 * group * (tokens * rows + tower.heads * tokens * tokens + 4 * width)
    }

    private mutating func add(_ sizes: ResidualSizes, _ configuration: CLIPConfiguration) {
        var (numbers, pixels, largest) = (0, 0, 0)
        var side = configuration.imageResolution
        func padded(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }
        func addMap(_ channels: Int) { pixels += padded(channels) * side * side }
        func addWeights(_ inputs: Int, _ outputs: Int, kernel: Int) {
            let count = padded(inputs) * padded(outputs) * kernel * kernel
            numbers += count
            largest = max(largest, count)
        }

        addMap(3)
        side = (side + 1) / 2
        let half = sizes.width / 2
        for (inputs, outputs) in [(3, half), (half, half), (half, sizes.width)] {
            addWeights(inputs, outputs, kernel: 3)
            addMap(outputs)
        }
        side /= 2
        addMap(sizes.width)
        for (stage, count) in sizes.blocks.enumerated() {
            for block in 0..<count {
                let (inputs, middle) = (sizes.inputs(stage: stage, block: block), sizes.middle(stage: stage))
                let outputs = middle * ResidualSizes.expansion
                addWeights(inputs, middle, kernel: 1)
                addWeights(middle, middle, kernel: 3)
                addWeights(middle, outputs, kernel: 1)
                addMap(middle)
                addMap(middle)
                if sizes.halves(stage: stage, block: block) {
                    side /= 2
                    addMap(middle)
                    addMap(inputs)
                }
                // The last convolution writes to its shortcut's map.
                if sizes.hasShortcut(stage: stage, block: block) {
                    addWeights(inputs, outputs, kernel: 1)
                    addMap(outputs)
                }
            }
        }
        // The pool by attention: tokens and their keys and values; the mean, its query, context and embedding.
        let (tokens, width) = (configuration.imageTokens, sizes.features)
        let pool = 3 * width * width + (configuration.dimension + tokens + 4) * width
        weights = 4 * (numbers + pool + 2 * max(largest, 2 * width * width))
        encoder +=
            4 * ResidualTower.group
            * (pixels + 3 * (tokens + 1) * width + configuration.dimension + tokens
                * configuration.image.heads)
    }
}
