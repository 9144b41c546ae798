import Checkpoints
import Tensors

/// A StyleGAN2 generator of the skip architecture: z → w → s → picture.
///
/// Read from weights with the names and layout of NVIDIA's stylegan2-ada-pytorch; its sizes are the weights' own.
public struct Generator: Sendable {
    public let configuration: GeneratorConfiguration
    public let mapping: MappingNetwork
    public let styleSpace: StyleSpace
    let synthesis: SynthesisWeights

    /// - Throws: `GeneratorError` that names the tensor that is missing or misshapen, or says what the file is.
    public init(checkpoint: Checkpoint) throws(GeneratorError) {
        configuration = try GeneratorConfiguration(checkpoint)
        mapping = try MappingNetwork(checkpoint, configuration)
        styleSpace = try StyleSpace(checkpoint, configuration)
        synthesis = try SynthesisWeights(checkpoint, configuration, styleSpace)
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
}
