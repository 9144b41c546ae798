import NeuralLayers

/// The weights of a `SynthesisGradient`, packed once for a batch and shared by the threads' objects.
public struct SynthesisGradientWeights: Sendable {
    let batch: Int
    let layers: [PackedWeights]

    /// - Parameter batch: Gradients that go back together.
    /// - Throws: `GeneratorError.layer` where oneDNN refuses a layer.
    public init(_ generator: Generator, batch: Int) throws(GeneratorError) {
        self.batch = batch
        var layers: [PackedWeights] = []
        for layer in generator.synthesis.layers {
            let shape = Self.shape(of: layer, batch: batch)
            try layering { () throws(NeuralLayerError) in
                layers.append(
                    try layer.isUp
                        ? PackedWeights(layer.weight, forGradientOfUp: shape)
                        : PackedWeights(layer.weight, forGradientOf: shape))
            }
        }
        self.layers = layers
    }

    /// The memory in bytes that they take, about: Winograd's have 36 numbers a kernel of 9.
    public static func memoryBytes(_ generator: Generator) -> Int {
        generator.synthesis.layers.reduce(0) {
            $0 + 4 * ($1.isUp ? 9 : 36) * $1.inputChannels * $1.outputChannels
        }
    }

    /// The extents of a layer's convolution; height and width are its input's.
    static func shape(of layer: SynthesisWeights.Layer, batch: Int) -> ConvolutionShape {
        let scale = layer.isUp ? 2 : 1
        return ConvolutionShape(
            batch: batch, inputChannels: layer.inputChannels, outputChannels: layer.outputChannels,
            height: layer.resolution / scale, width: layer.width / scale)
    }
}
