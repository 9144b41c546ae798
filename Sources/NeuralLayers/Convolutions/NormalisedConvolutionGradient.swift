import COneDNN
import Tensors

/// The weights of a `NormalisedConvolution`, normalisation folded in, as its gradient's kernel reads them; shared by any
/// number of layers on any thread.
///
/// `@unchecked Sendable` holds because the bytes do not change after `init`: primitives only read them.
public final class NormalisedConvolutionGradientWeights: @unchecked Sendable {
    /// x̄: `[N, I, H, W]`
    public let input: Shape
    /// ȳ: `[N, O, H', W']`
    public let output: Shape
    let descriptor: PrimitiveDescriptor
    let packed: Memory

    /// - Parameters:
    ///   - forward: The convolution's whose gradient this is.
    ///   - batch: Gradients that go back together.
    public init(of forward: NormalisedConvolutionWeights, batch: Int) throws(NeuralLayerError) {
        func stacked(_ shape: Shape) -> Shape { [batch, shape[1], shape[2], shape[3]] }
        (input, output) = (stacked(forward.input), stacked(forward.output))
        let geometry = forward.geometry
        let there = try NormalisedConvolutionWeights.plan(
            input: input, output: output, geometry, finish: .none)
        let source = try FeatureMap.descriptor(
            of: input, NormalisedConvolutionWeights.layout(channels: input[1]))
        let destination = try FeatureMap.descriptor(of: output, .blockedForProcessor)
        let kernel = try MemoryDescriptor(geometry.weights, dnnl_format_tag_any)
        let shapes = [input, geometry.weights]
        var description = dnnl_convolution_desc_t()
        try check(
            withUnsafePointer(to: source.value) { source in
                withUnsafePointer(to: kernel.value) { kernel in
                    withUnsafePointer(to: destination.value) { destination in
                        dnnl_convolution_backward_data_desc_init(
                            &description, dnnl_convolution_direct, source, kernel, destination,
                            geometry.strides, geometry.before, geometry.after)
                    }
                }
            }, "a normalised convolution's gradient", shapes)
        let engine = try Engine.processor().handle
        descriptor = try PrimitiveDescriptor("a normalised convolution's gradient", shapes) {
            handle, attributes in
            dnnl_primitive_desc_create(&handle, &description, attributes, engine, there.handle)
        }
        let plain = try Memory(.rowMajor(geometry.weights))
        try Primitive.reorder(from: forward.packed, to: plain).execute()
        packed = try Memory(descriptor.memory(dnnl_query_weights_md, shape: geometry.weights))
        try Primitive.reorder(from: plain, to: packed).execute()
    }
}

/// The vector-Jacobian product of a `NormalisedConvolution` without its finish with respect to its input.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class NormalisedConvolutionGradient {
    /// x̄
    public let input: FeatureMap
    /// ȳ
    public let output: FeatureMap
    private let primitive: Primitive
    private let weights: NormalisedConvolutionGradientWeights

    /// - Parameters:
    ///   - output: ȳ, what every call reads, in blocks.
    ///   - input: x̄, what every call overwrites; a new map where none is given.
    /// - Throws: `NeuralLayerError.mismatch` where a map has another shape.
    public init(
        _ weights: NormalisedConvolutionGradientWeights, output: FeatureMap, input: FeatureMap? = nil
    ) throws(NeuralLayerError) {
        guard output.shape == weights.output else {
            throw .mismatch(
                what: "the gradient of a convolution's output", found: output.shape, expected: weights.output)
        }
        try output.requireLayout(.blockedForProcessor, "the gradient of a convolution's output")
        let layout = NormalisedConvolutionWeights.layout(channels: weights.input[1])
        let result = if let input { input } else { try FeatureMap(weights.input, layout: layout) }
        guard result.shape == weights.input else {
            throw .mismatch(
                what: "the gradient of a convolution's input", found: result.shape, expected: weights.input)
        }
        try result.requireLayout(layout, "the gradient of a convolution's input")
        self.input = result
        self.output = output
        self.weights = weights
        primitive = try Primitive(
            weights.descriptor,
            [
                (DNNL_ARG_DIFF_DST, output.memory), (DNNL_ARG_WEIGHTS, weights.packed),
                (DNNL_ARG_DIFF_SRC, result.memory),
            ])
    }

    public func callAsFunction() throws(NeuralLayerError) { try primitive.execute() }
}

extension FeatureMap {
    /// The way back through a ReLU: zero where what came out of it, the same for every sample, was not above zero.
    /// - Parameter output: `[1, C, H, W]` in the same layout.
    public func clear(whereNotPositive output: FeatureMap) {
        let count = output.elements.count
        precondition(output.layout == layout && elements.count == batch * count)
        let kept = output.elements
        for sample in 0..<batch {
            let gradient = UnsafeMutableBufferPointer(
                rebasing: elements[sample * count..<(sample + 1) * count])
            for i in 0..<count where !(kept[i] > 0) { gradient[i] = 0 }
        }
    }

    /// Adds another map of the same shape and layout.
    public func add(_ other: FeatureMap) {
        precondition(other.shape == shape && other.layout == layout)
        for (i, value) in other.elements.enumerated() { elements[i] += value }
    }
}
