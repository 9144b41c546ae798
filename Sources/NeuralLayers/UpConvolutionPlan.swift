import COneDNN
import Tensors

/// The kernel and the layouts of an up-convolution's first step, the transposed convolution.
struct UpConvolutionPlan {
    /// The samples that go through together: so many that the map between the two steps stays in the cache.
    let samples: Int
    let descriptor: PrimitiveDescriptor
    /// `[samples, I, H, W]`
    let input: MemoryDescriptor
    /// `[O, I, 3, 3]`
    let weights: MemoryDescriptor
    /// `[samples, O, 2H + 1, 2W + 1]`
    let transposed: Shape

    /// The map between the steps should not be larger: a core's share of common last-level caches.
    static let bytesBetweenSteps = 4 << 20

    init(_ shape: ConvolutionShape) throws(NeuralLayerError) {
        guard shape.kernel == 3 else {
            throw .unsupported(
                operation: "an up-convolution", shape: [shape.kernel, shape.kernel],
                reason: "the kernel is to be 3×3")
        }
        // Their extents are checked here, before any arithmetic on them.
        _ = try (shape.input(), shape.output())
        let weightsShape = try shape.weights()
        let height = 2 * shape.height + 1
        let width = 2 * shape.width + 1
        let bytes = shape.outputChannels * height * width * 4
        samples =
            (1...shape.batch).last { shape.batch.isMultiple(of: $0) && $0 * bytes <= Self.bytesBetweenSteps }
            ?? 1
        var part = shape
        part.batch = samples
        let input = try FeatureMap.descriptor(of: part.input(), .preferred(channels: shape.inputChannels))
        part.height = height
        part.width = width
        transposed = try part.output()
        let output = try FeatureMap.descriptor(of: transposed, .blockedForProcessor)
        let anyWeights = try MemoryDescriptor(weightsShape, dnnl_format_tag_any)

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
            }, "an up-convolution", [input.shape, weightsShape])
        descriptor = try .describing(description, "an up-convolution", [input.shape, weightsShape])
        weights = descriptor.memory(dnnl_query_weights_md, shape: weightsShape)
        self.input = input
    }
}
