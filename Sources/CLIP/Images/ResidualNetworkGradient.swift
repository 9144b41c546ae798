import NeuralLayers
import Tensors

/// OpenAI's modified ResNet for one image there and a batch of gradients back.
///
/// On the forward pass every map has memory of its own, for a ReLU lets a gradient through where its output is above zero.
final class ResidualNetworkGradient: ImageNetworkGradient {
    private let batch: Int
    private let tower: ResidualTowerGradient
    private let preparation: ImagePreparation
    private let preparationGradient: ImagePreparationGradient
    private let stem: Stem
    private let blocks: [Block]
    private let pool: AttentionPool

    /// The picture's three convolutions and the pool after them.
    private struct Stem {
        let picture: FeatureMap
        let convolutions: [NormalisedConvolution]
        let pool: AveragePool
        let poolGradient: AveragePoolGradient
        /// In the order of the backward pass.
        let gradients: [NormalisedConvolutionGradient]
        var pictureGradient: FeatureMap { gradients[gradients.count - 1].input }

        init(_ tower: ResidualTowerGradient) throws {
            picture = try FeatureMap(tower.forward.stem[0].input, layout: .planes)
            var convolutions: [NormalisedConvolution] = []
            for weights in tower.forward.stem {
                convolutions.append(
                    try NormalisedConvolution(weights, input: convolutions.last?.output ?? picture))
            }
            let last = convolutions[convolutions.count - 1].output
            pool = try AveragePool(last)
            poolGradient = try AveragePoolGradient(
                output: FeatureMap(stacking: pool.output, batch: tower.batch), height: last.height,
                width: last.width)
            var gradients: [NormalisedConvolutionGradient] = []
            for weights in tower.stem.reversed() {
                gradients.append(
                    try NormalisedConvolutionGradient(
                        weights, output: gradients.last?.input ?? poolGradient.input))
            }
            self.convolutions = convolutions
            self.gradients = gradients
        }

        func keep() throws(NeuralLayerError) {
            for convolution in convolutions { try convolution() }  // [1, C, R/2, R/2]
            try pool()
        }

        func back() throws(NeuralLayerError) {
            poolGradient()
            for (gradient, output) in zip(gradients, convolutions.reversed().map(\.output)) {
                gradient.output.clear(whereNotPositive: output)
                try gradient()
            }
        }
    }

    /// One bottleneck block: x → expand(pool(convolve(reduce(x)))) + shortcut(x), rectified.
    private struct Block {
        let input: FeatureMap
        let reduce, convolve, expand: NormalisedConvolution
        let pool, shortcutPool: AveragePool?
        let shortcut: NormalisedConvolution?
        /// What the expansion is added to and overwrites.
        let sum: FeatureMap

        let outputGradient: FeatureMap
        let reduceGradient, convolveGradient, expandGradient: NormalisedConvolutionGradient
        let poolGradient, shortcutPoolGradient: AveragePoolGradient?
        let shortcutGradient: NormalisedConvolutionGradient?
        var inputGradient: FeatureMap { reduceGradient.input }

        init(
            _ there: ResidualTower.Block, _ back: ResidualTowerGradient.Block, input: FeatureMap, batch: Int
        ) throws {
            self.input = input
            reduce = try NormalisedConvolution(there.reduce, input: input)
            convolve = try NormalisedConvolution(there.convolve, input: reduce.output)
            pool = there.halves ? try AveragePool(convolve.output) : nil
            shortcutPool = there.halves ? try AveragePool(input) : nil
            let from = shortcutPool?.output ?? input
            shortcut = try there.shortcut.map { try NormalisedConvolution($0, input: from) }
            sum = if let shortcut { shortcut.output } else { try FeatureMap(stacking: input, batch: 1) }
            expand = try NormalisedConvolution(
                there.expand, input: pool?.output ?? convolve.output, output: sum)

            let outputGradient = try FeatureMap(stacking: sum, batch: batch)
            self.outputGradient = outputGradient
            expandGradient = try NormalisedConvolutionGradient(back.expand, output: outputGradient)
            let convolved = convolve.output
            poolGradient =
                there.halves
                ? try AveragePoolGradient(
                    output: expandGradient.input, height: convolved.height, width: convolved.width) : nil
            convolveGradient = try NormalisedConvolutionGradient(
                back.convolve, output: poolGradient?.input ?? expandGradient.input)
            reduceGradient = try NormalisedConvolutionGradient(back.reduce, output: convolveGradient.input)
            let shortcutGradient = try back.shortcut.map {
                try NormalisedConvolutionGradient($0, output: outputGradient)
            }
            self.shortcutGradient = shortcutGradient
            shortcutPoolGradient =
                there.halves
                ? try AveragePoolGradient(
                    output: shortcutGradient?.input ?? outputGradient, height: input.height,
                    width: input.width) : nil
        }

        func keep() throws(NeuralLayerError) {
            try reduce()
            try convolve()
            try pool?()
            try shortcutPool?()
            try shortcut?()
            if shortcut == nil { _ = sum.elements.update(fromContentsOf: input.elements) }
            try expand()
        }

        func back() throws(NeuralLayerError) {
            outputGradient.clear(whereNotPositive: sum)
            try expandGradient()
            poolGradient?()
            convolveGradient.output.clear(whereNotPositive: convolve.output)
            try convolveGradient()
            reduceGradient.output.clear(whereNotPositive: reduce.output)
            try reduceGradient()
            try shortcutGradient?()
            shortcutPoolGradient?()
            inputGradient.add(shortcutPoolGradient?.input ?? shortcutGradient?.input ?? outputGradient)
        }
    }

    /// - Parameters:
    ///   - height: of the images given.
    ///   - width: likewise.
    init(_ tower: ResidualTowerGradient, _ configuration: CLIPConfiguration, height: Int, width: Int) throws {
        batch = tower.batch
        self.tower = tower
        preparation = try ImagePreparation(height: height, width: width, for: configuration)
        preparationGradient = try ImagePreparationGradient(preparation)
        stem = try Stem(tower)
        var blocks: [Block] = []
        for (there, back) in zip(tower.forward.blocks, tower.blocks) {
            blocks.append(
                try Block(there, back, input: blocks.last?.sum ?? stem.pool.output, batch: tower.batch))
        }
        self.blocks = blocks
        pool = try AttentionPool(tower, configuration, features: blocks.last?.sum ?? stem.pool.output)
    }

    var embedding: UnsafeMutableBufferPointer<Float> { pool.projected[row: 0] }

    func embeddingGradient(_ place: Int) -> UnsafeMutableBufferPointer<Float> {
        pool.projectedGradient[row: place]
    }

    func keep(_ image: UnsafeBufferPointer<Float>, _ observe: LayerObserver) throws(NeuralLayerError) {
        preparation.planes(of: image, into: stem.picture.elements)
        try stem.keep()
        observe("stem", stem.pool.output.elements)
        for (index, block) in blocks.enumerated() {
            try block.keep()
            observe("block \(index)", block.sum.elements)
        }
        try pool.keep()  // [1, d]
    }

    func run() throws(NeuralLayerError) {
        try pool.back(into: blocks.last?.outputGradient ?? stem.poolGradient.output)
        for (index, block) in blocks.enumerated().reversed() {
            try block.back()
            let before = index > 0 ? blocks[index - 1].outputGradient : stem.poolGradient.output
            _ = before.elements.update(fromContentsOf: block.inputGradient.elements)
        }
        try stem.back()
    }

    func imageGradient(_ place: Int, into image: UnsafeMutableBufferPointer<Float>) {
        let all = stem.pictureGradient.elements
        let size = all.count / batch
        preparationGradient(
            fromPlanes: UnsafeBufferPointer(rebasing: all[place * size..<(place + 1) * size]), into: image)
    }
}

extension FeatureMap {
    /// A new map of the same extents for another number of samples.
    fileprivate convenience init(stacking map: FeatureMap, batch: Int) throws(NeuralLayerError) {
        try self.init([batch, map.channels, map.height, map.width], layout: map.layout)
    }
}
