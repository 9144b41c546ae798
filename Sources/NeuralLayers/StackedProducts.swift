import COneDNN
import Tensors

/// Products of many small matrices at once, by oneDNN: `[P, T, I]` × `[P, I, O]` → `[P, T, O]`, all row-major.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
struct StackedProducts {
    /// A part of a block of memory, from an element on.
    struct Place {
        let block: MemoryBlock
        var first = 0
    }

    private let primitive: Primitive

    /// - Parameters:
    ///   - count: P
    ///   - rows: T
    init(
        count: Int, rows: Int, inputs: Int, outputs: Int, from source: Place, weights: Place,
        into destination: Place
    ) throws(NeuralLayerError) {
        let left = try MemoryDescriptor.rowMajor([count, rows, inputs])
        let right = try MemoryDescriptor.rowMajor([count, inputs, outputs])
        let result = try MemoryDescriptor.rowMajor([count, rows, outputs])
        primitive = try Primitive(
            MatrixProduct("stacked products", left, right, into: result).descriptor,
            [
                (DNNL_ARG_SRC, Memory(left, in: source.block, from: source.first)),
                (DNNL_ARG_WEIGHTS, Memory(right, in: weights.block, from: weights.first)),
                (DNNL_ARG_DST, Memory(result, in: destination.block, from: destination.first)),
            ])
    }

    func callAsFunction() throws(NeuralLayerError) { try primitive.execute() }
}
