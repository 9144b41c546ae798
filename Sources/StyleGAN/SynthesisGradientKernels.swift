import NeuralLayers

/// A generator's layers as the kernels of the way there and of the way back take them: made once, shared by every thread.
public struct SynthesisGradientKernels: Sendable {
    public let forward: SynthesisKernels
    /// One a convolution, in the order of the network.
    let layers: [StyledWeights]

    /// - Parameter forward: The generator's, where they are there already.
    /// - Throws: `GeneratorError.layer` where a layer's weights cannot be used.
    public init(_ generator: Generator, forward: SynthesisKernels? = nil) throws(GeneratorError) {
        self.forward = if let forward { forward } else { try SynthesisKernels(generator) }
        var layers: [StyledWeights] = []
        for layer in generator.synthesis.layers {
            layers.append(
                try layering { () throws(NeuralLayerError) in
                    try StyledWeights(gradientOf: layer.weight, isUp: layer.isUp)
                })
        }
        self.layers = layers
    }

    /// The memory in bytes that they take: both ways as much.
    public static func memoryBytes(_ generator: Generator) -> Int {
        2 * SynthesisKernels.memoryBytes(generator)
    }
}
