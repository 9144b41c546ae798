import Tensors

/// The vector-Jacobian product of a `StyledConvolution` without style and finish with respect to its input: from ȳ, the
/// gradient of some scalar with respect to the sums, to x̄ = ∂y/∂xᵀ ȳ.
///
/// Of a layer that keeps its map's size it is again such a layer, by turned weights: x̄_i = Σ_o w_oi(−k) ⋆ ȳ_o. Of one that
/// doubles it, the kernel is transposed step by step. Belongs to one thread at a time. Nothing is allocated when it runs.
public final class StyledConvolutionGradient {
    private enum Kernel {
        case same(WinogradStrips)
        case up(WinogradUpGradientStrips)
    }

    /// ȳ: `[N, O, H, W]`, or doubled.
    public let outputShape: Shape
    /// x̄: `[N, I, H, W]`
    public let inputShape: Shape
    private let weights: StyledWeights
    private let kernel: Kernel

    /// - Parameters:
    ///   - weights: The layer's by `StyledWeights(gradientOf:isUp:)`.
    ///   - batch: Gradients that go through at once.
    ///   - height: Of the layer's input.
    ///   - width: Likewise.
    ///   - memory: What strips are worked through in, shared with other layers of the same thread; nil for its own.
    public init(
        _ weights: StyledWeights, batch: Int, height: Int, width: Int, memory: StripMemory? = nil
    ) throws(NeuralLayerError) {
        guard weights.precision == .float32 else {
            throw .unsupported(
                operation: "a styled convolution's gradient", shape: [weights.outputs, weights.inputs, 3, 3],
                reason: "its weights are rounded to \(weights.precision.rawValue), float32 is needed")
        }
        self.weights = weights
        // What goes in here are the layer's outputs.
        var shape = ConvolutionShape(
            batch: batch, inputChannels: weights.inputs, outputChannels: weights.outputs, height: height,
            width: width)
        inputShape = try shape.output()
        let layout = Self.layout(weights, batch: batch, height: height, width: width)
        let memory = memory ?? StripMemory(bytes: layout.bytes)
        kernel =
            weights.isUp
            ? .up(WinogradUpGradientStrips(shape, layout, weights: weights, memory))
            : .same(WinogradStrips(shape, layout, weights: weights, memory))
        if weights.isUp {
            shape.height *= 2
            shape.width *= 2
        }
        outputShape = try shape.input()
    }

    private static func layout(_ weights: StyledWeights, batch: Int, height: Int, width: Int) -> StripLayout {
        StripLayout(
            inputs: weights.inputs, outputs: weights.outputs, isUp: weights.isUp, batch: batch,
            height: height,
            width: width)
    }

    /// - Parameters:
    ///   - outputGradient: ȳ, blocked by 16.
    ///   - scales: What every channel of ȳ is multiplied by first, a row a gradient.
    ///   - inputGradient: x̄, blocked by 16; other memory than ȳ's.
    public func callAsFunction(
        _ outputGradient: FeatureMap, scales: ChannelVectors, into inputGradient: FeatureMap
    ) throws(NeuralLayerError) {
        guard outputGradient.shape == outputShape else {
            throw .mismatch(
                what: "the gradient of a styled layer's output", found: outputGradient.shape,
                expected: outputShape)
        }
        guard inputGradient.shape == inputShape else {
            throw .mismatch(
                what: "the gradient of a styled layer's input", found: inputGradient.shape,
                expected: inputShape)
        }
        try outputGradient.requireLayout(.blocked(16), "the gradient of a styled layer's output")
        try inputGradient.requireLayout(.blocked(16), "the gradient of a styled layer's input")
        precondition(scales.blocks == weights.inputBlocks && outputShape[0] <= scales.rows)
        let call = StripCall(
            input: outputGradient, sample: 0, arguments: StyledArguments(scales, scales, finish: nil),
            output: inputGradient)
        switch kernel {
        case .same(let strips):
            strips.layout.forEachStrip { strips.run(call, $0, NoFinish.self, Float32Format.self) }
        case .up(let strips): strips.layout.forEachStrip { strips.run(call, $0) }
        }
    }
}

extension StyledWeights {
    /// For a `StyledConvolutionGradient`: inputs and outputs exchanged, and where the map keeps its size the kernel turned.
    /// - Parameters:
    ///   - weights: the layer's, `[O, I, 3, 3]`.
    ///   - isUp: whether the layer doubles its map.
    /// - Throws: `NeuralLayerError.unsupported` where they have another shape.
    public convenience init(gradientOf weights: Tensor, isUp: Bool) throws(NeuralLayerError) {
        let shape = weights.shape
        guard shape.rank == 4, shape[2] == 3, shape[3] == 3, weights.count > 0 else {
            throw .unsupported(
                operation: "a styled convolution's gradient", shape: shape,
                reason: "weights [outputs, inputs, 3, 3] are needed")
        }
        let (outputs, inputs) = (shape[0], shape[1])
        var exchanged = Tensor(zeros: [inputs, outputs, 3, 3])
        weights.withUnsafeValues { weights in
            exchanged.withUnsafeMutableValues { exchanged in
                for o in 0..<outputs {
                    for i in 0..<inputs {
                        for k in 0..<9 {
                            exchanged[(i * outputs + o) * 9 + (isUp ? k : 8 - k)] =
                                weights[(o * inputs + i) * 9 + k]
                        }
                    }
                }
            }
        }
        try self.init(exchanged, isUp: isUp)
    }
}
