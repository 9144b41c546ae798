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
        /// The height of the output.
        let resolution: Int
        /// The width of the output.
        let width: Int
        /// Doubles the map: the first convolution of every block but the first.
        let isUp: Bool
        /// `[O, I, 3, 3]`
        let weight: Tensor
        /// s² → Σ_c s_c² Σ_k w_ock², what demodulation takes the root of.
        let energy: DenseLayer
        /// ε of the demodulation.
        let epsilon: Float
        /// `[O]`
        let bias: [Float]
        /// `noise_const × noise_strength`: `[H, W]`
        let noise: [Float]
        /// What activations are held within, ±limit, in NVIDIA's ADA models; nil in others.
        let limit: Float?
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
        /// What the layer's part of a picture is held within, likewise.
        let limit: Float?
    }

    /// `[C, 4, 4]`, or of another width where pictures are not square.
    let const: Tensor
    let layers: [Layer]

    init(
        _ weights: GeneratorWeights, _ configuration: GeneratorConfiguration, _ styleSpace: StyleSpace
    ) throws(GeneratorError) {
        const = try weights.tensor(
            "synthesis.b4.const", [configuration.blocks[0].channels, 4, configuration.firstWidth])
        // A network without noise, or one whose noise is drawn anew for every picture, has no maps of it.
        let hasNoise = styleSpace.sweptLayers.contains {
            weights.contains("synthesis.\($0.name).noise_const")
        }
        var layers: [Layer] = []
        for (style, layer) in styleSpace.layers.enumerated() where layer.kind == .convolution {
            let block = configuration.blocks.first { $0.resolution == layer.resolution }
            let isUp = layer.name.hasSuffix("conv0")
            layers.append(
                try Layer(
                    weights, style, layer, outputChannels: block?.channels ?? 0,
                    width: configuration.width(at: layer.resolution), isUp: isUp, hasNoise: hasNoise,
                    picture: isUp ? nil : Picture(weights, style + 1, styleSpace.layers[style + 1])))
        }
        self.layers = layers
    }
}

extension SynthesisWeights.Layer {
    fileprivate init(
        _ weights: GeneratorWeights, _ style: Int, _ layer: StyleLayer, outputChannels: Int, width: Int,
        isUp: Bool, hasNoise: Bool, picture: SynthesisWeights.Picture?
    ) throws(GeneratorError) {
        self.style = style
        self.name = layer.name
        self.inputChannels = layer.channels
        self.outputChannels = outputChannels
        self.resolution = layer.resolution
        self.width = width
        self.isUp = isUp
        self.picture = picture
        let prefix = "synthesis.\(layer.name)."
        let inputs = layer.channels
        let weight = try weights.tensor(prefix + "weight", [outputChannels, inputs, 3, 3])
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
        epsilon = weights.layout.demodulationEpsilon(inputs: inputs)
        bias = try weights.tensor(prefix + "bias", [outputChannels]).values
        limit = try weights.activationLimit(of: layer.name)
        guard hasNoise else {
            noise = [Float](repeating: 0, count: layer.resolution * width)
            return
        }
        let strength = try weights.tensor(prefix + "noise_strength", [])[0]
        noise = try weights.tensor(prefix + "noise_const", [layer.resolution, width]).values.map {
            $0 * strength
        }
    }
}

extension SynthesisWeights.Picture {
    fileprivate init(
        _ weights: GeneratorWeights, _ style: Int, _ layer: StyleLayer
    ) throws(GeneratorError) {
        self.style = style
        let channels = layer.channels
        let gain = 1 / Float(channels).squareRoot()
        weight = try weights.tensor("synthesis.\(layer.name).weight", [3, channels, 1, 1]).values.map {
            $0 * gain
        }
        bias = try weights.tensor("synthesis.\(layer.name).bias", [3]).values
        limit = try weights.activationLimit(of: layer.name)
    }
}
