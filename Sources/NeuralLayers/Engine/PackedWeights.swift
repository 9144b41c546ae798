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
    let memory: Memory

    /// For a `Convolution`.
    /// - Parameter weights: `[O, I, k, k]`
    /// - Throws: `NeuralLayerError.mismatch` where the tensor's shape is not the convolution's.
    public convenience init(_ weights: Tensor, for shape: ConvolutionShape) throws(NeuralLayerError) {
        try self.init(weights, in: ConvolutionPlan(shape).weights)
    }

    /// For an `UpConvolution`.
    /// - Parameter weights: `[O, I, 3, 3]`
    /// - Throws: `NeuralLayerError.mismatch` where the tensor's shape is not the convolution's.
    public convenience init(_ weights: Tensor, forUp shape: ConvolutionShape) throws(NeuralLayerError) {
        try self.init(weights, in: UpConvolutionPlan(shape).weights)
    }

    private init(_ weights: Tensor, in layout: MemoryDescriptor) throws(NeuralLayerError) {
        guard weights.shape == layout.shape else {
            throw .mismatch(what: "a convolution's weights", found: weights.shape, expected: layout.shape)
        }
        shape = weights.shape
        memory = try Memory.reordering(weights, to: layout)
    }

    /// Throws unless a kernel that wants this layout can read the weights.
    func requireLayout(_ layout: MemoryDescriptor, of operation: String) throws(NeuralLayerError) {
        guard memory.descriptor == layout else {
            throw .unsupported(
                operation: operation, shape: layout.shape,
                reason: "its weights were packed for another shape, with weights of \(shape)")
        }
    }
}
