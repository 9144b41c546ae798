import NeuralLayers
import Tensors

/// A ResNet's weights for the forward and backward pass of one image, packed once and shared by all `ImageEncoderGradient`s of a
/// model.
struct ResidualTowerGradient: Sendable {
    /// One bottleneck block, back.
    struct Block: Sendable {
        let reduce, convolve, expand: NormalisedConvolutionGradientWeights
        let shortcut: NormalisedConvolutionGradientWeights?

        init(_ forward: ResidualTower.Block, batch: Int) throws {
            reduce = try NormalisedConvolutionGradientWeights(of: forward.reduce, batch: batch)
            convolve = try NormalisedConvolutionGradientWeights(of: forward.convolve, batch: batch)
            expand = try NormalisedConvolutionGradientWeights(of: forward.expand, batch: batch)
            shortcut = try forward.shortcut.map {
                try NormalisedConvolutionGradientWeights(of: $0, batch: batch)
            }
        }
    }

    /// The gradients that go back together.
    let batch: Int
    /// For one image.
    let forward: ResidualTower
    let stem: [NormalisedConvolutionGradientWeights]
    let blocks: [Block]
    let query, keysAndValues, projection: LinearWeights

    init(
        _ weights: CLIPWeights, _ configuration: CLIPConfiguration, _ sizes: ResidualSizes, batch: Int
    ) throws {
        self.batch = batch
        let forward = try ResidualTower(weights, configuration, sizes, group: 1)
        self.forward = forward
        stem = try forward.stem.map { try NormalisedConvolutionGradientWeights(of: $0, batch: batch) }
        blocks = try forward.blocks.map { try Block($0, batch: batch) }
        let layers = try ResidualTower.PoolLayers(weights)
        let tokens = forward.positions.shape[0]
        query = try LinearWeights(gradientOf: layers.query.weight, rows: batch)
        keysAndValues = try LinearWeights(gradientOf: layers.keysAndValues.weight, rows: batch * tokens)
        projection = try LinearWeights(gradientOf: layers.projection.weight, rows: batch)
    }
}
