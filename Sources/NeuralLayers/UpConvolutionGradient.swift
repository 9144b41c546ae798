import COneDNN
import Tensors

/// The vector-Jacobian product of an `UpConvolution` with respect to its input, from ȳ `[N, O, 2H, 2W]` to x̄
/// `[N, I, H, W]`: the filter transposed, then a 3×3 convolution of stride 2 without a border, which is what the
/// transposed convolution is the transpose of.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class UpConvolutionGradient {
    /// The extents of the up-convolution whose gradient this is; the batch counts gradients.
    public let shape: ConvolutionShape
    private let samples: Int
    private let inputShape: Shape
    private let outputShape: Shape
    private let filter: ResamplingFilter
    /// `[samples, O, 2H + 1, 2W + 1]`
    private let filtered: FeatureMap
    private let convolution: Primitive
    private let window: Memory

    /// - Parameter weights: packed by `PackedWeights(_:forGradientOfUp:)`.
    /// - Throws: `NeuralLayerError` where the weights were packed for another shape, or oneDNN refuses.
    public init(_ shape: ConvolutionShape, weights: PackedWeights) throws(NeuralLayerError) {
        let plan = try UpConvolutionGradientPlan(shape)
        try weights.requireLayouts([plan.weights], of: "an up-convolution's gradient")
        var doubled = shape
        doubled.height *= 2
        doubled.width *= 2
        self.shape = shape
        samples = plan.samples
        inputShape = try shape.input()
        outputShape = try doubled.output()
        filtered = try FeatureMap(plan.filtered.shape, layout: .blockedForProcessor)
        filter = ResamplingFilter(width: doubled.width, blockSize: filtered.blockSize)
        window = try .window(plan.input)
        convolution = try Primitive(
            plan.descriptor,
            [
                (DNNL_ARG_SRC, filtered.memory), (DNNL_ARG_WEIGHTS, weights.parts[0]),
                (DNNL_ARG_DST, window),
            ])
    }

    /// - Parameter weights: the up-convolution's, `[O, I, 3, 3]`.
    public convenience init(_ shape: ConvolutionShape, weights: Tensor) throws(NeuralLayerError) {
        try self.init(shape, weights: PackedWeights(weights, forGradientOfUp: shape))
    }

    /// - Parameters:
    ///   - outputGradient: ȳ, `[N, O, 2H, 2W]`, blocked.
    ///   - inputGradient: x̄, `[N, I, H, W]`, blocked, other memory than ȳ's.
    public func callAsFunction(
        _ outputGradient: FeatureMap, into inputGradient: FeatureMap
    ) throws(NeuralLayerError) {
        guard outputGradient.shape == outputShape else {
            throw .mismatch(
                what: "the gradient of an up-convolution's output", found: outputGradient.shape,
                expected: outputShape)
        }
        guard inputGradient.shape == inputShape else {
            throw .mismatch(
                what: "the gradient of an up-convolution's input", found: inputGradient.shape,
                expected: inputShape)
        }
        try outputGradient.requireLayout(.blockedForProcessor, "the gradient of an up-convolution's output")
        try inputGradient.requireLayout(.blockedForProcessor, "the gradient of an up-convolution's input")
        let inputStride = inputGradient.elements.count / shape.batch
        let outputStride = outputGradient.elements.count / shape.batch
        for sample in stride(from: 0, to: shape.batch, by: samples) {
            filter.applyTransposed(
                to: outputGradient.elements, from: sample * outputStride, into: filtered)
            try window.slide(to: sample * inputStride, of: inputGradient)
            try convolution.execute()
        }
    }
}

extension PackedWeights {
    /// For an `UpConvolutionGradient`.
    /// - Parameters:
    ///   - weights: the up-convolution's, `[O, I, 3, 3]`.
    ///   - shape: the up-convolution's.
    /// - Throws: `NeuralLayerError.mismatch` where the tensor's shape is not the convolution's.
    public convenience init(
        _ weights: Tensor, forGradientOfUp shape: ConvolutionShape
    ) throws(NeuralLayerError) {
        try self.init(
            weights.exchanged(for: shape, isTurned: false), in: UpConvolutionGradientPlan(shape).weights)
    }
}

/// How the strided convolution of an up-convolution's gradient runs, and the layouts of its arguments.
struct UpConvolutionGradientPlan {
    let descriptor: PrimitiveDescriptor
    /// The samples that go through together: as many as leave the filtered map in a core's cache (1 MiB).
    let samples: Int
    /// `[samples, O, 2H + 1, 2W + 1]`
    let filtered: MemoryDescriptor
    let weights: MemoryDescriptor
    /// `[samples, I, H, W]`
    let input: MemoryDescriptor

    init(_ shape: ConvolutionShape) throws(NeuralLayerError) {
        guard shape.kernel == 3 else {
            throw .unsupported(
                operation: "an up-convolution", shape: [shape.kernel, shape.kernel],
                reason: "the kernel is to be 3×3")
        }
        // Their extents are checked here, before any arithmetic on them.
        _ = try (shape.input(), shape.output())
        let bytes = shape.outputChannels * (2 * shape.height + 1) * (2 * shape.width + 1) * 4
        samples =
            (1...shape.batch).last { shape.batch.isMultiple(of: $0) && $0 * bytes <= 1 << 20 } ?? 1
        var part = shape
        part.batch = samples
        var doubled = part
        doubled.height = 2 * shape.height + 1
        doubled.width = 2 * shape.width + 1
        let filtered = try FeatureMap.descriptor(of: doubled.output(), .blockedForProcessor)
        let input = try FeatureMap.descriptor(of: part.input(), .blockedForProcessor)
        (self.filtered, self.input) = (filtered, input)
        let weightsShape = try shape.turned.weights()
        let anyWeights = try MemoryDescriptor(weightsShape, dnnl_format_tag_any)
        var description = dnnl_convolution_desc_t()
        let stride: [Int64] = [2, 2]
        let border: [Int64] = [0, 0]
        try check(
            withUnsafePointer(to: filtered.value) { source in
                withUnsafePointer(to: anyWeights.value) { weights in
                    withUnsafePointer(to: input.value) { destination in
                        dnnl_convolution_forward_desc_init(
                            &description, dnnl_forward_inference, dnnl_convolution_direct, source, weights,
                            nil, destination, stride, border, border)
                    }
                }
            }, "an up-convolution's gradient", [filtered.shape, weightsShape])
        descriptor = try .describing(
            description, "an up-convolution's gradient", [filtered.shape, weightsShape])
        weights = descriptor.memory(dnnl_query_weights_md, shape: weightsShape)
    }
}
