import NeuralLayers
import Tensors

extension CLIPWeights {
    /// A linear layer's two tensors: `[O, I]` and `[O]`.
    struct Layer {
        let weight, bias: Tensor

        /// The outputs of one layer before those of another.
        static func joined(_ first: Layer, _ second: Layer) throws -> Layer {
            Layer(
                weight: try first.weight.followed(by: second.weight),
                bias: try first.bias.followed(by: second.bias))
        }
    }

    func layer(_ name: String) throws -> Layer {
        Layer(weight: try tensor(name + ".weight"), bias: try tensor(name + ".bias"))
    }

    /// The projections before a block's attention: `[W, W]`, and of keys before those of values, `[2 W, W]`.
    func projections(_ names: CLIPNames.Block) throws -> (query: Layer, keysAndValues: Layer) {
        switch names.projections {
        case .joined(let weight, let bias):
            let (weight, bias) = try (tensor(weight), tensor(bias))
            let width = weight.shape[1]
            return (
                Layer(weight: try weight.rows(0..<width), bias: try bias.rows(0..<width)),
                Layer(weight: try weight.rows(width..<3 * width), bias: try bias.rows(width..<3 * width))
            )
        case .separate(let query, let key, let value):
            let (key, value) = try (layer(key), layer(value))
            return (
                try layer(query),
                try .joined(key, value)
            )
        }
    }
}

extension Tensor {
    /// Some rows of a matrix, or entries of a vector, copied.
    fileprivate func rows(_ range: Range<Int>) throws -> Tensor {
        let width = count / shape[0]
        return try withUnsafeValues {
            try Tensor(
                $0[range.lowerBound * width..<range.upperBound * width],
                shape: Shape([range.count] + shape.dimensions.dropFirst()))
        }
    }

    /// The rows of a matrix, or entries of a vector, before those of another of the same width.
    fileprivate func followed(by other: Tensor) throws -> Tensor {
        try Tensor(
            values + other.values, shape: Shape([shape[0] + other.shape[0]] + shape.dimensions.dropFirst()))
    }
}
