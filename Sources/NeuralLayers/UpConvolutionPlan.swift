import COneDNN
import Tensors

/// How an up-convolution's first step, the transposed convolution, runs, and the layouts of its weights.
///
/// A rule, not a race, as `ConvolutionPlan` has it.
struct UpConvolutionPlan {
    enum Kernel {
        /// oneDNN's own, with the layout of its input.
        case direct(PrimitiveDescriptor, input: MemoryDescriptor)
        case winograd
    }

    let kernel: Kernel
    /// The input's shape with as many samples as go through together.
    let part: ConvolutionShape
    /// One layout for the direct kernel, one a point for Winograd's.
    let weights: [MemoryDescriptor]
    /// `[samples, O, 2H + 1, 2W + 1]`
    let transposed: Shape

    init(_ shape: ConvolutionShape) throws(NeuralLayerError) {
        try self.init(shape, byWinograd: WinogradUpConvolution.suits(shape))
    }

    init(_ shape: ConvolutionShape, byWinograd: Bool) throws(NeuralLayerError) {
        guard shape.kernel == 3 else {
            throw .unsupported(
                operation: "an up-convolution", shape: [shape.kernel, shape.kernel],
                reason: "the kernel is to be 3×3")
        }
        // Their extents are checked here, before any arithmetic on them.
        _ = try (shape.input(), shape.output())
        let weightsShape = try shape.weights()
        var part = shape
        part.batch = Self.samples(of: shape, byWinograd: byWinograd)
        var doubled = part
        doubled.height = 2 * shape.height + 1
        doubled.width = 2 * shape.width + 1
        transposed = try doubled.output()
        self.part = part
        if byWinograd {
            kernel = .winograd
            var layouts: [MemoryDescriptor] = []
            for point in WinogradUpConvolution.points {
                layouts.append(try ConvolutionPlan(WinogradUpConvolution.shape(of: point, in: part)).weights)
            }
            weights = layouts
        } else {
            let input = try FeatureMap.descriptor(of: part.input(), .preferred(channels: shape.inputChannels))
            let descriptor = try Self.direct(
                input, weightsShape, FeatureMap.descriptor(of: transposed, .blockedForProcessor))
            kernel = .direct(descriptor, input: input)
            weights = [descriptor.memory(dnnl_query_weights_md, shape: weightsShape)]
        }
    }

    /// The samples that go through together: by the direct kernel as many as leave the map between the steps in a
    /// core's cache (1 MiB), by Winograd so many that reading 25/9 of the weights is small beside using them.
    private static func samples(of shape: ConvolutionShape, byWinograd: Bool) -> Int {
        let divisors = (1...shape.batch).filter(shape.batch.isMultiple(of:))
        if byWinograd {
            return divisors.first { $0 * shape.height * shape.width >= 1024 } ?? shape.batch
        }
        let bytes = shape.outputChannels * (2 * shape.height + 1) * (2 * shape.width + 1) * 4
        return divisors.last { $0 * bytes <= 1 << 20 } ?? 1
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
