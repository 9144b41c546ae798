import NeuralLayers
import Tensors

/// A generator's layers as their kernels take them: made once, shared by the `Synthesis` of every thread.
public struct SynthesisKernels: Sendable {
    /// One a convolution, in the order of the network.
    let layers: [StyledWeights]
    let finishes: [StyledFinish]

    /// The memory in bytes that the kernels of a generator take.
    public static func memoryBytes(_ generator: Generator, precision: Precision = .float32) -> Int {
        generator.synthesis.layers.reduce(0) {
            $0 + ($1.isUp ? 25 : 36) * precision.byteCount * (($1.inputChannels + 15) / 16 * 16)
                * (($1.outputChannels + 15) / 16 * 16)
        }
    }

    /// - Parameter precision: What the factors of the layers' products are rounded to.
    /// - Throws: `GeneratorError.layer` where a layer's weights cannot be used.
    public init(_ generator: Generator, precision: Precision = .float32) throws(GeneratorError) {
        var layers: [StyledWeights] = []
        for layer in generator.synthesis.layers {
            layers.append(
                try layering { () throws(NeuralLayerError) in
                    try StyledWeights(layer.weight, isUp: layer.isUp, precision: precision)
                })
        }
        self.layers = layers
        finishes = generator.synthesis.layers.map {
            StyledFinish(bias: $0.bias, noise: $0.noise, limit: $0.limit)
        }
    }
}
