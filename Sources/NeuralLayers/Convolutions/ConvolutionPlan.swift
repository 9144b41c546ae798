import COneDNN
import Tensors

/// Which kernel a convolution runs with and the layouts of its arguments.
///
/// A rule, not a race: the choice depends on nothing but the shape and the processor, so that builds on one machine
/// agree bit for bit.
struct ConvolutionPlan {
    let descriptor: PrimitiveDescriptor
    let input: MemoryDescriptor
    let weights: MemoryDescriptor
    /// Always blocked: oneDNN has no fast kernel from blocks to planes.
    let output: MemoryDescriptor

    init(_ shape: ConvolutionShape) throws(NeuralLayerError) {
        if Self.prefersWinograd(shape), let plan = try? ConvolutionPlan(shape, dnnl_convolution_winograd) {
            self = plan
        } else {
            try self.init(shape, dnnl_convolution_direct)
        }
    }

    /// Whether Winograd's F(4×4, 3×3) beats the direct algorithm where the processor has it (AVX-512).
    ///
    /// GFLOP/s of the direct algorithm's work on one Zen 5 core, direct then Winograd, at batch × channels × side:
    /// 8×512×4: 269, 240. 8×512×8: 258, 307. 8×512×16: 249, 765. 8×512×32: 257, 774. 8×256×64: 259, 725.
    /// 1×128×32: 266, 684. 1×64×64: 256, 489. 2×64×256: 265, 526. 2×32×256: 255, 370. 8×16×64: 225, 192.
    /// 4×20×33 (padded to 32 channels): 91, 164.
    static func prefersWinograd(_ shape: ConvolutionShape) -> Bool {
        shape.kernel == 3 && min(shape.inputChannels, shape.outputChannels) > 16
            && min(shape.height, shape.width) >= 8
    }

    init(_ shape: ConvolutionShape, _ algorithm: dnnl_alg_kind_t) throws(NeuralLayerError) {
        let shapes = try (input: shape.input(), weights: shape.weights(), output: shape.output())
        let input = try FeatureMap.descriptor(
            of: shapes.input, .preferred(channels: shape.inputChannels))
        let output = try FeatureMap.descriptor(of: shapes.output, .blockedForProcessor)
        let anyWeights = try MemoryDescriptor(shapes.weights, dnnl_format_tag_any)

        var description = dnnl_convolution_desc_t()
        let stride: [Int64] = [1, 1]
        let border = [Int64](repeating: Int64(shape.kernel / 2), count: 2)
        try check(
            withUnsafePointer(to: input.value) { input in
                withUnsafePointer(to: anyWeights.value) { weights in
                    withUnsafePointer(to: output.value) { output in
                        dnnl_convolution_forward_desc_init(
                            &description, dnnl_forward_inference, algorithm, input, weights, nil, output,
                            stride,
                            border, border)
                    }
                }
            }, "a convolution", [shapes.input, shapes.weights])
        descriptor = try .describing(description, "a convolution", [shapes.input, shapes.weights])
        weights = descriptor.memory(dnnl_query_weights_md, shape: shapes.weights)
        self.input = input
        self.output = output
    }
}
