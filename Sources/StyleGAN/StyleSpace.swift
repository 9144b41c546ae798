import Tensors

/// S: the affine outputs of all layers side by side, in the order in which the synthesis network meets them.
public struct StyleSpace: Sendable {
    /// Every layer, toRGB layers included.
    public let layers: [StyleLayer]
    /// C_total, the width of a style code.
    public let count: Int
    private let affines: [DenseLayer]
    private let latentCount: Int
    private let wDimension: Int

    /// The layers that a sweep perturbs: the 3×3 convolutions.
    public var sweptLayers: [StyleLayer] { layers.filter { $0.kind == .convolution } }

    /// The number of swept channels, C.
    public var sweptCount: Int { sweptLayers.reduce(0) { $0 + $1.channels } }

    init(_ weights: GeneratorWeights, _ configuration: GeneratorConfiguration) throws(GeneratorError) {
        var layers: [StyleLayer] = []
        var affines: [DenseLayer] = []
        var end = 0
        var latentIndex = 0
        func add(_ name: String, _ kind: StyleLayer.Kind, channels: Int, resolution: Int)
            throws(GeneratorError)
        {
            layers.append(
                StyleLayer(
                    name: name, kind: kind, range: end..<end + channels, resolution: resolution,
                    latentIndex: latentIndex))
            end += channels
            let affine = "synthesis.\(name).affine"
            let weight = try weights.tensor(affine + ".weight", [channels, configuration.wDimension])
            let bias = try weights.tensor(affine + ".bias", [channels])
            affines.append(
                DenseLayer(
                    weights: weight, gain: 1 / Float(configuration.wDimension).squareRoot(), bias: bias))
        }
        for (index, block) in configuration.blocks.enumerated() {
            if index > 0 {
                try add(
                    "b\(block.resolution).conv0", .convolution,
                    channels: configuration.blocks[index - 1].channels,
                    resolution: block.resolution)
                latentIndex += 1
            }
            try add(
                "b\(block.resolution).conv1", .convolution, channels: block.channels,
                resolution: block.resolution)
            latentIndex += 1
            // The next block's first convolution reads the same w.
            try add(
                "b\(block.resolution).torgb", .toRGB, channels: block.channels, resolution: block.resolution)
        }
        self.layers = layers
        self.affines = affines
        count = end
        latentCount = configuration.latentCount
        wDimension = configuration.wDimension
    }

    /// w+ `[N, L, w_dim]` → s `[N, C_total]`.
    /// - Throws: `GeneratorError.shape` where the latents have another shape.
    public func styles(_ latents: Tensor) throws(GeneratorError) -> Tensor {
        let samples = latents.shape.rank > 0 ? latents.shape[0] : 0
        let expected = try shaping { () throws(ShapeError) in try Shape([samples, latentCount, wDimension]) }
        try shaping { () throws(ShapeError) in try latents.requireShape(expected, of: "w+") }
        var styles = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([samples, count]) })
        guard samples > 0 else { return styles }
        latents.withUnsafeValues { latents in
            styles.withUnsafeMutableValues { styles in
                for (layer, affine) in zip(layers, affines) {
                    let input = UnsafeBufferPointer(rebasing: latents[(layer.latentIndex * wDimension)...])
                    let output = UnsafeMutableBufferPointer(rebasing: styles[layer.range.lowerBound...])
                    affine(
                        input, inputStride: latentCount * wDimension, into: output, outputStride: count,
                        rows: samples)
                }
            }
        }
        return styles
    }

    /// The vector-Jacobian product of `styles`: s̄ `[N, C_total]` → the gradient of w+, `[N, L, w_dim]`.
    /// - Throws: `GeneratorError.shape` where the gradients have another shape.
    public func latentGradients(_ gradients: Tensor) throws(GeneratorError) -> Tensor {
        let samples = gradients.shape.rank > 0 ? gradients.shape[0] : 0
        let (expected, shape) = try shaping { () throws(ShapeError) in
            try (Shape([samples, count]), Shape([samples, latentCount, wDimension]))
        }
        try shaping { () throws(ShapeError) in
            try gradients.requireShape(expected, of: "the gradient of s")
        }
        var latents = Tensor(zeros: shape)
        guard samples > 0 else { return latents }
        gradients.withUnsafeValues { gradients in
            latents.withUnsafeMutableValues { latents in
                for (layer, affine) in zip(layers, affines) {
                    affine.addGradient(
                        UnsafeBufferPointer(rebasing: gradients[layer.range.lowerBound...]),
                        outputStride: count,
                        to: UnsafeMutableBufferPointer(
                            rebasing: latents[(layer.latentIndex * wDimension)...]),
                        inputStride: latentCount * wDimension, rows: samples)
                }
            }
        }
        return latents
    }
}
