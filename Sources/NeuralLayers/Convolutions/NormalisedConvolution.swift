import COneDNN
import Tensors

/// The weights of a convolution followed by batch normalisation, the two folded into one and packed for a shape; shared
/// by any number of layers on any thread.
///
///     w' = w γ / √(variance + ε)      b' = β − mean γ / √(variance + ε)
///
/// `@unchecked Sendable` holds because the bytes do not change after `init`: primitives only read them.
public final class NormalisedConvolutionWeights: @unchecked Sendable {
    /// What is done to the outputs before they are written.
    public enum Finish: Hashable, Sendable {
        case none, relu
        /// Added to what the output holds, then rectified: the end of a residual block.
        case addingThenReLU
    }

    /// The four vectors of a batch normalisation, `[O]` each.
    public struct Normalisation {
        let gain, bias, mean, variance: Tensor

        public init(gain: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) {
            self.gain = gain
            self.bias = bias
            self.mean = mean
            self.variance = variance
        }
    }

    /// PyTorch's default ε.
    private static let epsilon: Float = 1e-5

    /// `[N, I, H, W]`
    public let input: Shape
    /// `[N, O, H', W']`
    public let output: Shape
    let geometry: Geometry
    let descriptor: PrimitiveDescriptor
    let packed: Memory
    let bias: Memory

    /// How the kernel lies over its input.
    struct Geometry {
        /// `[O, I, k, k]`
        let weights: Shape
        let strides: [Int64]
        /// The border of zeros: what lies before the map, and what the last window reaches beyond it.
        let before, after: [Int64]

        init(weights: Shape, stride: Int, input: Shape, output: Shape) {
            self.weights = weights
            let border = weights[2] / 2
            strides = [Int64](repeating: Int64(stride), count: 2)
            before = [Int64](repeating: Int64(border), count: 2)
            after = (0..<2).map {
                Int64((output[2 + $0] - 1) * stride + weights[2] - input[2 + $0] - border)
            }
        }
    }

    /// - Parameters:
    ///   - weights: `[O, I, k, k]`, k 1 or 3; the border is zeros, so many that a stride of 1 keeps the size.
    ///   - input: `[N, I, H, W]`
    ///   - stride: 1 or 2.
    /// - Throws: `NeuralLayerError.mismatch` where the tensors do not fit together.
    public init(
        _ weights: Tensor, _ normalisation: Normalisation, input: Shape, stride: Int = 1, finish: Finish
    ) throws(NeuralLayerError) {
        let shape = weights.shape
        guard shape.rank == 4, shape.count > 0, shape[2] == shape[3], [1, 3].contains(shape[2]),
            [1, 2].contains(stride), input.rank == 4, input.count > 0, input.count < 1 << 40,
            input[1] == shape[1]
        else {
            throw .mismatch(
                what: "a convolution's weights", found: shape,
                expected: [0, input.rank > 1 ? input[1] : 0, 3, 3])
        }
        let outputs: Shape = [shape[0]]
        for vector in [normalisation.gain, normalisation.bias, normalisation.mean, normalisation.variance]
        where vector.shape != outputs {
            throw .mismatch(what: "a batch normalisation", found: vector.shape, expected: outputs)
        }
        self.input = input
        let extents = [input[2], input[3]].map { ($0 - 1) / stride + 1 }
        output = [input[0], shape[0], extents[0], extents[1]]

        var folded = weights
        var shift = Tensor(zeros: outputs)
        folded.withUnsafeMutableValues { folded in
            let count = folded.count / shape[0]
            for o in 0..<shape[0] {
                let scale = normalisation.gain[o] / (normalisation.variance[o] + Self.epsilon).squareRoot()
                for i in o * count..<(o + 1) * count { folded[i] *= scale }
                shift[o] = normalisation.bias[o] - normalisation.mean[o] * scale
            }
        }
        geometry = Geometry(weights: shape, stride: stride, input: input, output: output)
        descriptor = try Self.plan(input: input, output: output, geometry, finish: finish)
        packed = try Memory.reordering(
            folded, to: descriptor.memory(dnnl_query_weights_md, shape: shape))
        bias = try Memory.reordering(shift, to: .rowMajor(outputs))
    }

    /// The layout in which a map comes in: planes for pictures, else blocks.
    static func layout(channels: Int) -> FeatureMapLayout { channels == 3 ? .planes : .blockedForProcessor }

    static func plan(
        input: Shape, output: Shape, _ geometry: Geometry, finish: Finish
    ) throws(NeuralLayerError) -> PrimitiveDescriptor {
        let weights = geometry.weights
        let source = try FeatureMap.descriptor(of: input, layout(channels: input[1]))
        let destination = try FeatureMap.descriptor(of: output, .blockedForProcessor)
        let kernel = try MemoryDescriptor(weights, dnnl_format_tag_any)
        let bias = try MemoryDescriptor.rowMajor([weights[0]])
        let shapes = [input, weights]
        var description = dnnl_convolution_desc_t()
        try check(
            withUnsafePointer(to: source.value) { source in
                withUnsafePointer(to: kernel.value) { kernel in
                    withUnsafePointer(to: bias.value) { bias in
                        withUnsafePointer(to: destination.value) { destination in
                            dnnl_convolution_forward_desc_init(
                                &description, dnnl_forward_inference, dnnl_convolution_direct, source, kernel,
                                bias, destination, geometry.strides, geometry.before, geometry.after)
                        }
                    }
                }
            }, "a normalised convolution", shapes)
        let engine = try Engine.processor().handle
        return try PrimitiveDescriptor("a normalised convolution", shapes) {
            handle, attributes throws(NeuralLayerError) in
            try append(finish, to: attributes)
            return dnnl_primitive_desc_create(&handle, &description, attributes, engine, nil)
        }
    }

    private static func append(_ finish: Finish, to attributes: dnnl_primitive_attr_t)
        throws(NeuralLayerError)
    {
        guard finish != .none else { return }
        var operations: dnnl_post_ops_t?
        try check(dnnl_post_ops_create(&operations), "a convolution's finish")
        defer { dnnl_post_ops_destroy(operations) }
        if finish == .addingThenReLU {
            try check(dnnl_post_ops_append_sum(operations, 1), "a convolution's sum")
        }
        try check(
            dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0), "a convolution's ReLU")
        try check(dnnl_primitive_attr_set_post_ops(attributes, operations), "a convolution's finish")
    }
}

/// A convolution with batch normalisation folded in, and what follows it.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class NormalisedConvolution {
    public let output: FeatureMap
    private let primitive: Primitive
    private let weights: NormalisedConvolutionWeights

    /// - Parameters:
    ///   - input: what every call reads: the picture in planes, or blocks.
    ///   - output: what every call writes; a new map unless it is one to be added to.
    /// - Throws: `NeuralLayerError.mismatch` where a map has another shape.
    public init(
        _ weights: NormalisedConvolutionWeights, input: FeatureMap, output: FeatureMap? = nil
    ) throws(NeuralLayerError) {
        guard input.shape == weights.input else {
            throw .mismatch(what: "a convolution's input", found: input.shape, expected: weights.input)
        }
        try input.requireLayout(
            NormalisedConvolutionWeights.layout(channels: input.channels), "a convolution's input")
        let result: FeatureMap
        if let output {
            result = output
        } else {
            result = try FeatureMap(weights.output, layout: .blockedForProcessor)
        }
        guard result.shape == weights.output else {
            throw .mismatch(what: "a convolution's output", found: result.shape, expected: weights.output)
        }
        try result.requireLayout(.blockedForProcessor, "a convolution's output")
        self.output = result
        self.weights = weights
        primitive = try Primitive(
            weights.descriptor,
            [
                (DNNL_ARG_SRC, input.memory), (DNNL_ARG_WEIGHTS, weights.packed),
                (DNNL_ARG_BIAS, weights.bias),
                (DNNL_ARG_DST, result.memory),
            ])
    }

    public func callAsFunction() throws(NeuralLayerError) { try primitive.execute() }
}
