import Checkpoints
import Tensors

/// A StyleGAN2 generator of the skip architecture: z → w → s → picture.
///
/// Read from weights in the layout of NVIDIA's stylegan2-ada-pytorch or of rosinality's stylegan2-pytorch; its sizes
/// are the weights' own.
public struct Generator: Sendable {
    public let configuration: GeneratorConfiguration
    public let mapping: MappingNetwork
    public let styleSpace: StyleSpace
    let synthesis: SynthesisWeights

    /// - Parameter classIndex: The class of all pictures of a class-conditional generator.
    /// - Throws: `GeneratorError` that names the tensor that is missing or misshapen, or says what the file is;
    ///   `.classNeeded` where a class-conditional generator is not told its class.
    public init(checkpoint: Checkpoint, classIndex: Int? = nil) throws(GeneratorError) {
        let weights = try GeneratorWeights(checkpoint)
        configuration = try GeneratorConfiguration(weights)
        mapping = try MappingNetwork(weights, configuration, classIndex: classIndex)
        styleSpace = try StyleSpace(weights, configuration)
        synthesis = try SynthesisWeights(weights, configuration, styleSpace)
    }

    /// The sizes of the generator in a file, for which no weights are read.
    /// - Throws: `GeneratorError` where there is none.
    public static func configuration(of checkpoint: Checkpoint) throws(GeneratorError)
        -> GeneratorConfiguration
    {
        try GeneratorConfiguration(GeneratorWeights(checkpoint))
    }

    /// The memory that the synthesis network's weights take as they were read, in bytes.
    public var weightBytes: Int {
        synthesis.layers.reduce(0) { $0 + 4 * ($1.weight.count + $1.weight.count / 9 + $1.noise.count) }
    }

    /// z `[N, z_dim]` → truncated w+ `[N, L, w_dim]`.
    /// - Throws: `GeneratorError.shape` where z has another width.
    public func latents(z: Tensor, truncation: Truncation) throws(GeneratorError) -> Tensor {
        let w = try mapping(z)
        let (samples, width, count) = (w.shape[0], configuration.wDimension, configuration.latentCount)
        let shape = try shaping { () throws(ShapeError) in try Shape([samples, count, width]) }
        var latents = Tensor(zeros: shape)
        w.withUnsafeValues { w in
            latents.withUnsafeMutableValues { latents in
                for sample in 0..<samples {
                    for index in 0..<count {
                        let start = (sample * count + index) * width
                        for i in 0..<width {
                            let value = w[sample * width + i]
                            let mean = mapping.meanLatent[i]
                            latents[start + i] =
                                index < truncation.cutoff ? mean + truncation.psi * (value - mean) : value
                        }
                    }
                }
            }
        }
        return latents
    }

    /// z `[N, z_dim]` → s `[N, C_total]`.
    /// - Throws: `GeneratorError.shape` where z has another width.
    public func styles(z: Tensor, truncation: Truncation) throws(GeneratorError) -> Tensor {
        try styleSpace.styles(latents(z: z, truncation: truncation))
    }

    /// From gradients of truncated w+, `[N, L, w_dim]`, to those of the w that all of it came from, `[N, w_dim]`.
    /// - Throws: `GeneratorError.shape` where the gradients have another shape.
    public func gradients(
        ofLatents gradients: Tensor, truncation: Truncation
    ) throws(GeneratorError) -> Tensor {
        let samples = gradients.shape.rank > 0 ? gradients.shape[0] : 0
        let (width, count) = (configuration.wDimension, configuration.latentCount)
        let (expected, shape) = try shaping { () throws(ShapeError) in
            try (Shape([samples, count, width]), Shape([samples, width]))
        }
        try shaping { () throws(ShapeError) in
            try gradients.requireShape(expected, of: "the gradient of w+")
        }
        var result = Tensor(zeros: shape)
        gradients.withUnsafeValues { gradients in
            result.withUnsafeMutableValues { result in
                for sample in 0..<samples {
                    for index in 0..<count {
                        let scale = index < truncation.cutoff ? truncation.psi : 1
                        let start = (sample * count + index) * width
                        for i in 0..<width { result[sample * width + i] += scale * gradients[start + i] }
                    }
                }
            }
        }
        return result
    }
}
