import COneDNN
import Tensors

/// A 3×3 or 1×1 'same' convolution of a fixed batch, without bias: cross-correlation, as `torch.conv2d` has it.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class Convolution {
    public let shape: ConvolutionShape
    private let primitive: Primitive
    private let inputShape: Shape
    private let outputShape: Shape
    /// The kernel's own output where the caller wants planes.
    private let blockedOutput: FeatureMap?

    /// A convolution by weights that may be shared with others of the same shape.
    /// - Throws: `NeuralLayerError` where the weights were packed for another shape, or oneDNN refuses.
    public convenience init(
        _ shape: ConvolutionShape, weights: PackedWeights
    ) throws(NeuralLayerError) {
        let plan = try ConvolutionPlan(shape)
        try weights.requireLayout(plan.weights, of: "a convolution")
        try self.init(shape, plan, weights: weights.memory)
    }

    /// A convolution by weights in the plan's layout.
    init(
        _ shape: ConvolutionShape, _ plan: ConvolutionPlan, weights: Memory
    ) throws(NeuralLayerError) {
        self.shape = shape
        inputShape = plan.input.shape
        outputShape = plan.output.shape
        blockedOutput =
            FeatureMapLayout.preferred(channels: shape.outputChannels) == .planes
            ? try FeatureMap(outputShape, layout: .blockedForProcessor) : nil
        // Every call binds its maps in the place of the windows.
        primitive = try Primitive(
            plan.descriptor,
            [
                (DNNL_ARG_SRC, .window(plan.input)), (DNNL_ARG_WEIGHTS, weights),
                (DNNL_ARG_DST, .window(plan.output)),
            ])
    }

    /// - Parameter weights: `[O, I, k, k]`
    public convenience init(
        _ shape: ConvolutionShape, weights: Tensor
    ) throws(NeuralLayerError) {
        try self.init(shape, weights: PackedWeights(weights, for: shape))
    }

    /// - Parameters:
    ///   - input: `[N, I, H, W]` in the preferred layout of its channels.
    ///   - output: `[N, O, H, W]` in the preferred layout of its channels, other memory than the input's.
    public func callAsFunction(_ input: FeatureMap, into output: FeatureMap) throws(NeuralLayerError) {
        guard input.shape == inputShape else {
            throw .mismatch(what: "a convolution's input", found: input.shape, expected: inputShape)
        }
        guard output.shape == outputShape else {
            throw .mismatch(what: "a convolution's output", found: output.shape, expected: outputShape)
        }
        try input.requireLayout(.preferred(channels: input.channels), "a convolution's input")
        try output.requireLayout(.preferred(channels: output.channels), "a convolution's output")
        primitive.bind(DNNL_ARG_SRC, to: input.memory)
        primitive.bind(DNNL_ARG_DST, to: (blockedOutput ?? output).memory)
        try primitive.execute()
        blockedOutput?.unblock(into: output)
    }
}
