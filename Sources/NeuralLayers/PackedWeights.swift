import COneDNN
import Tensors

/// A convolution's weights in the order in which its kernel reads them: packed once, shared by any number of
/// convolutions of the same shape on any thread.
public final class PackedWeights: Sendable {
    /// `[O, I, k, k]`
    public let shape: Shape
    let layout: MemoryDescriptor
    let block: MemoryBlock

    /// - Parameter weights: `[O, I, k, k]`
    /// - Throws: `NeuralLayerError.mismatch` where the tensor's shape is not the convolution's.
    public convenience init(_ weights: Tensor, for shape: ConvolutionShape) throws(NeuralLayerError) {
        try self.init(weights, layout: ConvolutionPlan(shape).weights)
    }

    init(_ weights: Tensor, layout: MemoryDescriptor) throws(NeuralLayerError) {
        guard weights.shape == layout.shape else {
            throw .mismatch(what: "a convolution's weights", found: weights.shape, expected: layout.shape)
        }
        shape = weights.shape
        self.layout = layout
        block = try Memory.reordering(weights, to: layout).block
    }
}
