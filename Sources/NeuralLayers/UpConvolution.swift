import COneDNN
import Tensors

/// StyleGAN2's up-convolution, `[N, I, H, W]` to `[N, O, 2H, 2W]`: a transposed 3×3 convolution of stride 2, then the
/// filter [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 16, as `conv2d_resample(up: 2, padding: 1, flip_weight: false)` has it.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
///
/// The first step runs by oneDNN's own kernel or by Winograd on 1×1 convolutions (`UpConvolutionPlan`). The filter
/// folded into four 3×3 phase convolutions, by oneDNN's Winograd, was measured too: nowhere faster than these.
public final class UpConvolution {
    /// Batch, channels and kernel; height and width are the input's.
    public let shape: ConvolutionShape
    private let transposition: Transposition
    private let samples: Int
    private let inputShape: Shape
    private let outputShape: Shape
    /// `[samples, O, 2H + 1, 2W + 1]`
    private let transposed: FeatureMap
    private let filter: ResamplingFilter

    /// The first step; oneDNN's own kernel with a window that slides over the input's samples.
    private enum Transposition {
        case direct(Primitive, window: Memory)
        case winograd(WinogradUpConvolution)
    }

    /// An up-convolution by weights that may be shared with others of the same shape.
    /// - Throws: `NeuralLayerError` where the weights were packed for another shape, or oneDNN refuses.
    public convenience init(_ shape: ConvolutionShape, weights: PackedWeights) throws(NeuralLayerError) {
        try self.init(shape, UpConvolutionPlan(shape), weights: weights)
    }

    init(
        _ shape: ConvolutionShape, _ plan: UpConvolutionPlan, weights: PackedWeights
    ) throws(NeuralLayerError) {
        try weights.requireLayouts(plan.weights, of: "an up-convolution")
        var doubled = shape
        doubled.height *= 2
        doubled.width *= 2
        self.shape = shape
        samples = plan.part.batch
        inputShape = try shape.input()
        outputShape = try doubled.output()
        transposed = try FeatureMap(plan.transposed, layout: .blockedForProcessor)
        filter = ResamplingFilter(width: doubled.width, blockSize: transposed.blockSize)
        switch plan.kernel {
        case .direct(let descriptor, let input):
            let window = try Memory(input)
            let primitive = try Primitive(
                descriptor,
                [
                    (DNNL_ARG_SRC, window), (DNNL_ARG_WEIGHTS, weights.parts[0]),
                    (DNNL_ARG_DST, transposed.memory),
                ])
            transposition = .direct(primitive, window: window)
        case .winograd:
            transposition = .winograd(try WinogradUpConvolution(plan.part, weights: weights.parts))
        }
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
            switch transposition {
            case .direct(let primitive, let window):
                try window.slide(to: sample * inputStride, of: input)
                try primitive.execute()
            case .winograd(let products):
                try products(input, from: sample, into: transposed)
            }
            filter.apply(to: transposed, into: output.elements, from: sample * outputStride)
        }
    }
}
