import Checkpoints
import Tensors

/// z → w: a normalised latent through fully connected layers (StyleGAN2, figure 2; NVIDIA's `MappingNetwork`).
public struct MappingNetwork: Sendable {
    /// The learning-rate multiplier that the layers' weights and biases are stored without.
    private static let multiplier: Float = 0.01

    private let layers: [DenseLayer]
    /// The mean latent w̄: `[w_dim]`.
    public let meanLatent: [Float]
    public let zDimension: Int
    public let wDimension: Int

    init(_ checkpoint: Checkpoint, _ configuration: GeneratorConfiguration) throws(GeneratorError) {
        zDimension = configuration.zDimension
        wDimension = configuration.wDimension
        var layers: [DenseLayer] = []
        var width = configuration.zDimension
        for index in 0..<configuration.mappingDepth {
            let name = "mapping.fc\(index)"
            let last = index == configuration.mappingDepth - 1
            let found = checkpoint.shape(of: name + ".weight")
            let outputs = last ? wDimension : (found?.rank == 2 ? found?[0] ?? 0 : 0)
            let shape = try shaping { () throws(ShapeError) in try Shape([outputs, width]) }
            let weight = try reading { () throws(CheckpointError) in
                try checkpoint.tensor(name + ".weight", shape: shape)
            }
            let bias = try reading { () throws(CheckpointError) in
                try checkpoint.tensor(name + ".bias", shape: [outputs])
            }
            layers.append(
                DenseLayer(
                    weights: weight, gain: Self.multiplier / Float(width).squareRoot(), bias: bias,
                    biasGain: Self.multiplier))
            width = outputs
        }
        self.layers = layers
        meanLatent = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("mapping.w_avg", shape: [configuration.wDimension]).values
        }
    }

    /// z `[N, z_dim]` → w `[N, w_dim]`.
    /// - Throws: `GeneratorError.shape` where z has another width.
    public func callAsFunction(_ z: Tensor) throws(GeneratorError) -> Tensor {
        let count = z.shape.rank > 0 ? z.shape[0] : 0
        let expected = try shaping { () throws(ShapeError) in try Shape([count, zDimension]) }
        try shaping { () throws(ShapeError) in try z.requireShape(expected, of: "z") }
        var x = z
        normalise(&x)
        for layer in layers {
            var y = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([count, layer.outputs]) })
            x.withUnsafeValues { input in
                y.withUnsafeMutableValues { output in
                    layer(
                        input, inputStride: layer.inputs, into: output, outputStride: layer.outputs,
                        rows: count)
                    for i in output.indices {
                        output[i] = max(output[i], 0.2 * output[i]) * Float(2).squareRoot()
                    }
                }
            }
            x = y
        }
        return x
    }

    /// Second-moment normalisation: z / √(mean(z²) + 1e-8), row by row.
    private func normalise(_ z: inout Tensor) {
        let width = zDimension
        z.withUnsafeMutableValues { values in
            for row in stride(from: 0, to: values.count, by: width) {
                var sum: Float = 0
                for i in row..<row + width { sum += values[i] * values[i] }
                let scale = 1 / (sum / Float(width) + 1e-8).squareRoot()
                for i in row..<row + width { values[i] *= scale }
            }
        }
    }
}
