import NeuralLayers
import Tensors

/// The image tower's weights, packed once and shared by all image encoders of a model.
struct ImageTower: Sendable {
    /// The images that go through the transformer together. A fixed number, so that an image's embedding depends
    /// neither on how many others come with it nor on the encoder's batch. So many that a matrix product has a few
    /// hundred rows, so few that a group's activations stay in the second-level cache.
    let group: Int
    let patches: LinearWeights
    /// `[tokens, W]`: what is added to each row; the class token is part of row 0.
    let positions: Tensor
    let normPre, normPost: CLIPWeights.Norm
    let blocks: [TransformerBlockWeights]
    let projection: LinearWeights

    static func group(tokens: Int) -> Int { max(1, 264 / tokens) }

    init(_ weights: CLIPWeights, _ configuration: CLIPConfiguration) throws {
        let tokens = configuration.imageTokens
        group = Self.group(tokens: tokens)
        let rows = group * tokens
        let names = weights.names
        let kernel = try weights.tensor(names.patches)
        patches = try LinearWeights(
            kernel.reshaped(to: Shape([kernel.shape[0], kernel.count / kernel.shape[0]])), rows: rows,
            isAdding: true)
        var positions = try weights.tensor(names.imagePositions)
        let classToken = try weights.tensor(names.classToken)
        for i in 0..<classToken.count { positions[i] += classToken[i] }
        self.positions = positions
        normPre = try weights.norm(names.normPre)
        normPost = try weights.norm(names.normPost)
        blocks = try (0..<configuration.image.layers).map { [group] layer in
            try TransformerBlockWeights(
                weights, names.block(.image, layer), configuration, rows: rows,
                queryRows: layer == configuration.image.layers - 1 ? group : rows)
        }
        projection = try LinearWeights(weights.projection(names.imageProjection), rows: group)
    }
}
