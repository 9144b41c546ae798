import Tensors

/// The extents of a 'same' convolution: the output map has the input's height and width.
public struct ConvolutionShape: Hashable, Sendable {
    public var batch: Int
    public var inputChannels: Int
    public var outputChannels: Int
    public var height: Int
    public var width: Int
    /// 3 for 3×3 with a border of zeros, 1 for 1×1.
    public var kernel: Int

    public init(
        batch: Int, inputChannels: Int, outputChannels: Int, height: Int, width: Int, kernel: Int = 3
    ) {
        self.batch = batch
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.height = height
        self.width = width
        self.kernel = kernel
    }

    /// `[N, I, H, W]`
    func input() throws(NeuralLayerError) -> Shape { try checked([batch, inputChannels, height, width]) }

    /// `[N, O, H, W]`
    func output() throws(NeuralLayerError) -> Shape { try checked([batch, outputChannels, height, width]) }

    /// `[O, I, k, k]`
    func weights() throws(NeuralLayerError) -> Shape {
        guard kernel == 1 || kernel == 3 else {
            throw .unsupported(
                operation: "a convolution", shape: [kernel, kernel], reason: "the kernel is to be 1×1 or 3×3")
        }
        return try checked([outputChannels, inputChannels, kernel, kernel])
    }

    private func checked(_ extents: [Int]) throws(NeuralLayerError) -> Shape {
        do throws(ShapeError) {
            let shape = try Shape(extents)
            guard shape.count > 0, shape.count < 1 << 40 else { throw .invalid(extents) }
            return shape
        } catch {
            throw NeuralLayerError(error)
        }
    }
}
