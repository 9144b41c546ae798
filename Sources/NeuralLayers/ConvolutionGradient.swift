import Tensors

/// The vector-Jacobian product of a `Convolution` with respect to its input: from ȳ, the gradient of some scalar with
/// respect to the output, to x̄ = ∂y/∂xᵀ ȳ.
///
/// x̄ is again a 'same' convolution, of ȳ by the turned weights: x̄_i = Σ_o w_oi(−k) ⋆ ȳ_o. So it runs on the same
/// kernels, Winograd's among them. Belongs to one thread at a time. Nothing is allocated when it runs.
public final class ConvolutionGradient {
    /// The extents of the convolution whose gradient this is; the batch counts gradients.
    public let shape: ConvolutionShape
    private let convolution: Convolution

    /// - Parameters:
    ///   - weights: packed by `PackedWeights(_:forGradientOf:)`.
    ///   - scratchpad: shared with the thread's other layers; nil for its own.
    /// - Throws: `NeuralLayerError` where the weights were packed for another shape, or oneDNN refuses.
    public init(
        _ shape: ConvolutionShape, weights: PackedWeights, scratchpad: Scratchpad? = nil
    ) throws(NeuralLayerError) {
        self.shape = shape
        convolution = try Convolution(shape.turned, weights: weights, scratchpad: scratchpad)
    }

    /// - Parameter weights: the convolution's, `[O, I, k, k]`.
    public convenience init(_ shape: ConvolutionShape, weights: Tensor) throws(NeuralLayerError) {
        try self.init(shape, weights: PackedWeights(weights, forGradientOf: shape))
    }

    /// - Parameters:
    ///   - outputGradient: ȳ, `[N, O, H, W]` in the preferred layout of its channels.
    ///   - inputGradient: x̄, `[N, I, H, W]` in the preferred layout of its channels, other memory than ȳ's.
    public func callAsFunction(
        _ outputGradient: FeatureMap, into inputGradient: FeatureMap
    ) throws(NeuralLayerError) {
        try convolution(outputGradient, into: inputGradient)
    }
}

extension PackedWeights {
    /// For a `ConvolutionGradient`.
    /// - Parameters:
    ///   - weights: the convolution's, `[O, I, k, k]`.
    ///   - shape: the convolution's.
    /// - Throws: `NeuralLayerError.mismatch` where the tensor's shape is not the convolution's.
    public convenience init(
        _ weights: Tensor, forGradientOf shape: ConvolutionShape
    ) throws(NeuralLayerError) {
        try self.init(weights.exchanged(for: shape, isTurned: true), for: shape.turned)
    }
}

extension ConvolutionShape {
    /// The extents of the convolution that gives the gradient: outputs are its inputs.
    var turned: ConvolutionShape {
        ConvolutionShape(
            batch: batch, inputChannels: outputChannels, outputChannels: inputChannels, height: height,
            width: width, kernel: kernel)
    }
}

extension Tensor {
    /// Weights `[O, I, k, k]` as `[I, O, k, k]`, and each kernel turned by half a circle where `isTurned`.
    func exchanged(for shape: ConvolutionShape, isTurned: Bool) throws(NeuralLayerError) -> Tensor {
        let expected = try shape.weights()
        guard self.shape == expected else {
            throw .mismatch(what: "a convolution's weights", found: self.shape, expected: expected)
        }
        let (outputs, inputs, taps) = (expected[0], expected[1], expected[2] * expected[3])
        var result = Tensor(zeros: try shape.turned.weights())
        withUnsafeValues { weights in
            result.withUnsafeMutableValues { result in
                for o in 0..<outputs {
                    for i in 0..<inputs {
                        for tap in 0..<taps {
                            result[(i * outputs + o) * taps + (isTurned ? taps - 1 - tap : tap)] =
                                weights[(o * inputs + i) * taps + tap]
                        }
                    }
                }
            }
        }
        return result
    }
}
