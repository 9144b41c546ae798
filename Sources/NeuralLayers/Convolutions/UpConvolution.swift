import COneDNN
import Tensors

/// StyleGAN2's up-convolution, `[N, I, H, W]` to `[N, O, 2H, 2W]`: a transposed 3×3 convolution of stride 2, then the
/// filter [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 16, as `conv2d_resample(up: 2, padding: 1, flip_weight: false)` has it.
///
/// By oneDNN's kernel for transposed convolutions: what `StyledConvolution` is measured beside and tested against. Belongs
/// to one thread at a time. Nothing is allocated when it runs.
public final class UpConvolution {
    /// Batch, channels and kernel; height and width are the input's.
    public let shape: ConvolutionShape
    private let transposition: Primitive
    /// Slides over the input's samples.
    private let window: Memory
    private let samples: Int
    private let inputShape: Shape
    private let outputShape: Shape
    /// `[samples, O, 2H + 1, 2W + 1]`
    private let transposed: FeatureMap
    private let filter: ResamplingFilter

    /// An up-convolution by weights that may be shared with others of the same shape.
    /// - Throws: `NeuralLayerError` where the weights were packed for another shape, or oneDNN refuses.
    public init(_ shape: ConvolutionShape, weights: PackedWeights) throws(NeuralLayerError) {
        let plan = try UpConvolutionPlan(shape)
        try weights.requireLayout(plan.weights, of: "an up-convolution")
        var doubled = shape
        doubled.height *= 2
        doubled.width *= 2
        self.shape = shape
        samples = plan.samples
        inputShape = try shape.input()
        outputShape = try doubled.output()
        transposed = try FeatureMap(plan.transposed, layout: .blockedForProcessor)
        filter = ResamplingFilter(width: doubled.width, blockSize: transposed.blockSize)
        window = try Memory(plan.input)
        transposition = try Primitive(
            plan.descriptor,
            [
                (DNNL_ARG_SRC, window), (DNNL_ARG_WEIGHTS, weights.memory),
                (DNNL_ARG_DST, transposed.memory),
            ])
    }

    /// - Parameter weights: `[O, I, 3, 3]`
    public convenience init(_ shape: ConvolutionShape, weights: Tensor) throws(NeuralLayerError) {
        try self.init(shape, weights: PackedWeights(weights, forUp: shape))
    }

    /// - Parameters:
    ///   - input: `[N, I, H, W]` in the preferred layout of its channels.
    ///   - output: `[N, O, 2H, 2W]`, blocked, other memory than the input's.
    public func callAsFunction(_ input: FeatureMap, into output: FeatureMap) throws(NeuralLayerError) {
        guard input.shape == inputShape else {
            throw .mismatch(what: "an up-convolution's input", found: input.shape, expected: inputShape)
        }
        guard output.shape == outputShape else {
            throw .mismatch(what: "an up-convolution's output", found: output.shape, expected: outputShape)
        }
        try input.requireLayout(.preferred(channels: input.channels), "an up-convolution's input")
        try output.requireLayout(.blockedForProcessor, "an up-convolution's output")
        let inputStride = input.elements.count / shape.batch
        let outputStride = output.elements.count / shape.batch
        for sample in stride(from: 0, to: shape.batch, by: samples) {
            try window.slide(to: sample * inputStride, of: input)
            try transposition.execute()
            filter.apply(to: transposed, into: output.elements, from: sample * outputStride)
        }
    }
}
