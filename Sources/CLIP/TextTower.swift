import NeuralLayers
import Tensors

/// The text tower's weights, packed once and shared by all text encoders of a model.
struct TextTower: Sendable {
    /// How many rows go through a layer at a time: texts bring any number of rows. The same number in the last block,
    /// where only the rows of end marks are left, so that oneDNN makes its kernels once.
    static let rows = 48

    /// `[vocabulary, W]`
    let tokens: Tensor
    /// `[context, W]`
    let positions: Tensor
    let blocks: [TransformerBlockWeights]
    let normFinal: CLIPWeights.Norm
    let projection: LinearWeights

    init(_ weights: CLIPWeights, _ configuration: CLIPConfiguration) throws {
        let names = weights.names
        tokens = try weights.tensor(names.tokens)
        positions = try weights.tensor(names.textPositions)
        normFinal = try weights.norm(names.normFinal)
        blocks = try (0..<configuration.text.layers).map { layer in
            try TransformerBlockWeights(
                weights, names.block(.text, layer), configuration, rows: Self.rows, askingRows: Self.rows)
        }
        projection = try LinearWeights(weights.projection(names.textProjection), rows: Self.rows)
    }
}
