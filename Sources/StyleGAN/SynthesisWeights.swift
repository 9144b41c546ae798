import Checkpoints
import Tensors

/// The weights of the synthesis network, checked and laid out for `Synthesis`.
struct SynthesisWeights: Sendable {
    /// One modulated 3×3 convolution with its noise and bias.
    struct Layer: Sendable {
        /// The place of its styles in `StyleSpace.layers`.
        let style: Int
        let name: String
        let inputChannels: Int
        let outputChannels: Int
        /// The side of the output.
        let resolution: Int
        /// Doubles the map: the first convolution of every block but the first.
        let isUp: Bool
        /// `[O, I, 3, 3]`
        let weight: Tensor
        /// s² → Σ_c s_c² Σ_k w_ock², what demodulation takes the root of.
        let energy: DenseLayer
        /// `[O]`
        let bias: [Float]
        /// `noise_const × noise_strength`: `[H, W]`
        let noise: [Float]
        /// The picture made of this layer's output: each block's last convolution has one.
        let picture: Picture?
    }

    /// A toRGB layer.
    struct Picture: Sendable {
        let style: Int
        /// `[3, C]`, times 1/√C: the equalised learning rate, which NVIDIA's code puts into the style on use, while
        /// the published style codes leave it out.
        let weight: [Float]
        let bias: [Float]
    }

    /// `[C, 4, 4]`
    let const: Tensor
    let layers: [Layer]

    init(
        _ checkpoint: Checkpoint, _ configuration: GeneratorConfiguration, _ styleSpace: StyleSpace
    ) throws(GeneratorError) {
        let first = configuration.blocks[0].channels
        const = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("synthesis.b4.const", shape: [first, 4, 4])
        }
        var layers: [Layer] = []
        for (style, layer) in styleSpace.layers.enumerated() where layer.kind == .convolution {
            let block = configuration.blocks.first { $0.resolution == layer.resolution }
            let isUp = layer.name.hasSuffix("conv0")
            layers.append(
                try Layer(
                    checkpoint, style, layer, outputChannels: block?.channels ?? 0, isUp: isUp,
                    picture: isUp ? nil : Picture(checkpoint, style + 1, styleSpace.layers[style + 1])))
        }
        self.layers = layers
    }
}

extension SynthesisWeights.Layer {
    fileprivate init(
        _ checkpoint: Checkpoint, _ style: Int, _ layer: StyleLayer, outputChannels: Int, isUp: Bool,
        picture: SynthesisWeights.Picture?
    ) throws(GeneratorError) {
        self.style = style
        self.name = layer.name
        self.inputChannels = layer.channels
        self.outputChannels = outputChannels
        self.resolution = layer.resolution
        self.isUp = isUp
        self.picture = picture
        let prefix = "synthesis.\(layer.name)."
        let (inputs, side) = (layer.channels, layer.resolution)
        let shape = try shaping { () throws(ShapeError) in try Shape([outputChannels, inputs, 3, 3]) }
        let weight = try reading { () throws(CheckpointError) in
            try checkpoint.tensor(prefix + "weight", shape: shape)
        }
        self.weight = weight
        var squares = Tensor(
            zeros: try shaping { () throws(ShapeError) in try Shape([outputChannels, inputs]) })
        weight.withUnsafeValues { weight in
            squares.withUnsafeMutableValues { squares in
                for i in squares.indices {
                    for k in 0..<9 { squares[i] += weight[i * 9 + k] * weight[i * 9 + k] }
                }
            }
        }
        energy = DenseLayer(weights: squares, gain: 1)
        bias = try reading { () throws(CheckpointError) in
            try checkpoint.tensor(prefix + "bias", shape: [outputChannels]).values
        }
        let strength = try reading { () throws(CheckpointError) in
            try checkpoint.tensor(prefix + "noise_strength", shape: []).values
        }
        noise = try reading { () throws(CheckpointError) in
            try checkpoint.tensor(prefix + "noise_const", shape: [side, side]).values.map {
                $0 * (strength.first ?? 0)
            }
        }
    }
}

extension SynthesisWeights.Picture {
    fileprivate init(_ checkpoint: Checkpoint, _ style: Int, _ layer: StyleLayer) throws(GeneratorError) {
        self.style = style
        let channels = layer.channels
        let gain = 1 / Float(channels).squareRoot()
        weight = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("synthesis.\(layer.name).weight", shape: [3, channels, 1, 1]).values.map {
                $0 * gain
            }
        }
        bias = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("synthesis.\(layer.name).bias", shape: [3]).values
        }
    }
}
