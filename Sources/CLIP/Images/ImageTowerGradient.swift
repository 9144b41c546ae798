import NeuralLayers
import Tensors

/// The image tower's weights for the forward and backward pass of one image, packed once and shared by all
/// `ImageEncoderGradient`s of a model.
struct ImageTowerGradient: Sendable {
    /// The gradients that go back together.
    let batch: Int
    let patches, patchesGradient: LinearWeights
    /// `[tokens, W]`: what is added to each row; the class token is part of row 0.
    let positions: Tensor
    let normPre, normPost: CLIPWeights.Norm
    let blocks: [TransformerBlockGradientWeights]
    let projection, projectionGradient: LinearWeights

    init(_ weights: CLIPWeights, _ configuration: CLIPConfiguration, batch: Int) throws {
        self.batch = batch
        let tokens = configuration.imageTokens
        let names = weights.names
        let kernel = try weights.tensor(names.patches)
        let flat = try kernel.reshaped(to: Shape([kernel.shape[0], kernel.count / kernel.shape[0]]))
        patches = try LinearWeights(flat, rows: tokens, isAdding: true)
        patchesGradient = try LinearWeights(gradientOf: flat, rows: batch * tokens)
        var positions = try weights.tensor(names.imagePositions)
        let classToken = try weights.tensor(names.classToken)
        for i in 0..<classToken.count { positions[i] += classToken[i] }
        self.positions = positions
        normPre = try weights.norm(names.normPre)
        normPost = try weights.norm(names.normPost)
        blocks = try (0..<configuration.image.layers).map { layer in
            try TransformerBlockGradientWeights(
                weights, names.block(.image, layer), tokens: tokens,
                queryRows: layer == configuration.image.layers - 1 ? 1 : tokens, batch: batch)
        }
        let projection = try weights.projection(names.imageProjection)
        self.projection = try LinearWeights(projection, rows: 1)
        projectionGradient = try LinearWeights(gradientOf: projection, rows: batch)
    }
}
