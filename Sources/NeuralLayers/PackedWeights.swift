import COneDNN
import Tensors

/// A convolution's weights in the order in which its kernel reads them: packed once, shared by any number of
/// convolutions of the same shape on any thread.
///
/// `@unchecked Sendable` holds because neither the bytes nor oneDNN's handle to them change after `init`: primitives
/// only read them.
public final class PackedWeights: @unchecked Sendable {
    /// `[O, I, k, k]`
    public let shape: Shape
    /// One for a kernel that reads them at once, 25 for an up-convolution by Winograd.
    let parts: [Memory]

    /// For a `Convolution`.
    /// - Parameter weights: `[O, I, k, k]`
    /// - Throws: `NeuralLayerError.mismatch` where the tensor's shape is not the convolution's.
    public convenience init(_ weights: Tensor, for shape: ConvolutionShape) throws(NeuralLayerError) {
        try self.init(weights, in: ConvolutionPlan(shape).weights)
    }

    /// For a kernel that reads the weights at once, in its layout.
    init(_ weights: Tensor, in layout: MemoryDescriptor) throws(NeuralLayerError) {
        self.shape = weights.shape
        parts = [try Self.pack(weights, layout)]
    }

    /// For an `UpConvolution`.
    /// - Parameter weights: `[O, I, 3, 3]`
    /// - Throws: `NeuralLayerError.mismatch` where the tensor's shape is not the convolution's.
    public convenience init(_ weights: Tensor, forUp shape: ConvolutionShape) throws(NeuralLayerError) {
        try self.init(weights, forUp: shape, UpConvolutionPlan(shape))
    }

    init(
        _ weights: Tensor, forUp shape: ConvolutionShape, _ plan: UpConvolutionPlan
    ) throws(NeuralLayerError) {
        self.shape = weights.shape
        switch plan.kernel {
        case .direct:
            parts = [try Self.pack(weights, plan.weights[0])]
        case .winograd:
            guard try weights.shape == shape.weights() else {
                throw .mismatch(
                    what: "a convolution's weights", found: weights.shape, expected: try shape.weights())
            }
            var parts: [Memory] = []
            for (point, layout) in zip(WinogradUpConvolution.points, plan.weights) {
                parts.append(
                    try Memory.reordering(WinogradUpConvolution.weights(of: point, from: weights), to: layout)
                )
            }
            self.parts = parts
        }
    }

    private static func pack(
        _ weights: Tensor, _ layout: MemoryDescriptor
    ) throws(NeuralLayerError) -> Memory {
        guard weights.shape == layout.shape else {
            throw .mismatch(what: "a convolution's weights", found: weights.shape, expected: layout.shape)
        }
        return try Memory.reordering(weights, to: layout)
    }

    /// Throws unless kernels that want these layouts can read the weights.
    func requireLayouts(_ layouts: [MemoryDescriptor], of operation: String) throws(NeuralLayerError) {
        guard parts.map(\.descriptor) == layouts else {
            throw .unsupported(
                operation: operation, shape: layouts.first?.shape ?? [],
                reason: "its weights were packed for another shape, with weights of \(shape)")
        }
    }
}
