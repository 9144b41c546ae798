import COneDNN
import Tensors

/// How an up-convolution's first step, the transposed convolution, runs, and the layouts of its arguments.
struct UpConvolutionPlan {
    let descriptor: PrimitiveDescriptor
    /// The samples that go through together: as many as leave the map between the steps in a core's cache (1 MiB).
    let samples: Int
    let input: MemoryDescriptor
    let weights: MemoryDescriptor
    /// `[samples, O, 2H + 1, 2W + 1]`
    let transposed: Shape

    init(_ shape: ConvolutionShape) throws(NeuralLayerError) {
        guard shape.kernel == 3 else {
            throw .unsupported(
                operation: "an up-convolution", shape: [shape.kernel, shape.kernel],
                reason: "the kernel is to be 3×3")
        }
        // Their extents are checked here, before any arithmetic on them.
        _ = try (shape.input(), shape.output())
        let weightsShape = try shape.weights()
        let bytes = shape.outputChannels * (2 * shape.height + 1) * (2 * shape.width + 1) * 4
        samples = (1...shape.batch).last { shape.batch.isMultiple(of: $0) && $0 * bytes <= 1 << 20 } ?? 1
        var part = shape
        part.batch = samples
        input = try FeatureMap.descriptor(of: part.input(), .preferred(channels: shape.inputChannels))
        part.height = 2 * shape.height + 1
        part.width = 2 * shape.width + 1
        transposed = try part.output()
        descriptor = try Self.direct(
            input, weightsShape, FeatureMap.descriptor(of: transposed, .blockedForProcessor))
        weights = descriptor.memory(dnnl_query_weights_md, shape: weightsShape)
    }

    private static func direct(
        _ input: MemoryDescriptor, _ weights: Shape, _ output: MemoryDescriptor
    ) throws(NeuralLayerError) -> PrimitiveDescriptor {
        let anyWeights = try MemoryDescriptor(weights, dnnl_format_tag_any)
        var description = dnnl_deconvolution_desc_t()
        let stride: [Int64] = [2, 2]
        let border: [Int64] = [0, 0]
        try check(
            withUnsafePointer(to: input.value) { input in
                withUnsafePointer(to: anyWeights.value) { weights in
                    withUnsafePointer(to: output.value) { output in
                        dnnl_deconvolution_forward_desc_init(
                            &description, dnnl_forward_inference, dnnl_deconvolution_direct, input, weights,
                            nil,
                            output, stride, border, border)
                    }
                }
            }, "an up-convolution", [input.shape, weights])
        return try .describing(description, "an up-convolution", [input.shape, weights])
    }
}
