import NeuralLayers
import Tensors

/// The text tower's weights where they lie, shared by all text encoders of a model.
struct TextTower: Sendable {
    /// One residual block: x += out(attention(norm1(x))); x += contract(activation(expand(norm2(x)))).
    struct Block: Sendable {
        let norm1, norm2: CLIPWeights.Norm
        let query: InPlaceLinear.Part
        /// Keys before values: together, or each its own layer.
        let keysAndValues: [InPlaceLinear.Part]
        let out, expand, contract: InPlaceLinear.Part

        init(_ weights: CLIPWeights, _ names: CLIPNames.Block) throws {
            func part(_ layer: String) throws -> InPlaceLinear.Part {
                try InPlaceLinear.Part(
                    weights.matrix(layer + ".weight"), bias: weights.tensor(layer + ".bias"))
            }
            norm1 = try weights.norm(names.norm1)
            norm2 = try weights.norm(names.norm2)
            switch names.projections {
            case .joined(let weight, let bias):
                let (weight, bias) = try (weights.matrix(weight), weights.tensor(bias))
                let width = weight.shape[1]
                query = try InPlaceLinear.Part(weight, bias: bias, outputs: 0..<width)
                keysAndValues = [try InPlaceLinear.Part(weight, bias: bias, outputs: width..<3 * width)]
            case .separate(let query, let key, let value):
                self.query = try part(query)
                keysAndValues = try [part(key), part(value)]
            }
            out = try part(names.out)
            expand = try part(names.expand)
            contract = try part(names.contract)
        }
    }

    /// `[vocabulary, W]`
    let tokens: StoredMatrix
    /// `[context, W]`
    let positions: Tensor
    let blocks: [Block]
    let normFinal: CLIPWeights.Norm
    let projection: InPlaceLinear.Part
    let sizes: CLIPConfiguration.Tower
    let dimension: Int
    let activation: ActivationFunction

    init(_ weights: CLIPWeights, _ configuration: CLIPConfiguration) throws {
        let names = weights.names
        (sizes, dimension) = (configuration.text, configuration.dimension)
        activation = configuration.activation
        tokens = try weights.matrix(names.tokens)
        positions = try weights.tensor(names.textPositions)
        blocks = try (0..<sizes.layers).map { try Block(weights, names.block(.text, $0)) }
        normFinal = try weights.norm(names.normFinal)
        projection = try InPlaceLinear.Part(
            weights.projection(names.textProjection), bias: Tensor(zeros: [dimension]))
    }
}
