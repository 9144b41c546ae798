import Tensors

/// The activations of tokens that pass through a transformer, `[rows, width]`, row-major: a row a token.
///
/// Belongs to one thread at a time.
public final class Activations {
    public let rows: Int
    public let width: Int
    let block: MemoryBlock

    /// All numbers in row-major order; valid as long as this object.
    public var elements: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: block.elements.baseAddress, count: rows * width)
    }

    /// Zeros.
    /// - Throws: `NeuralLayerError.unsupported` unless both extents are positive and can be had in memory.
    public init(rows: Int, width: Int) throws(NeuralLayerError) {
        let (count, overflow) = rows.multipliedReportingOverflow(by: width)
        guard rows > 0, width > 0, !overflow, count < 1 << 40 else {
            throw .unsupported(
                operation: "activations", shape: [],
                reason: "\(rows) rows of \(width) are not two extents from 1 on that memory can hold")
        }
        self.rows = rows
        self.width = width
        block = MemoryBlock(byteCount: count * 4)
    }

    /// The values of a tensor `[rows, width]`.
    /// - Throws: `NeuralLayerError.mismatch` where the tensor has another rank.
    public convenience init(_ tensor: Tensor) throws(NeuralLayerError) {
        guard tensor.shape.rank == 2 else {
            throw .mismatch(what: "activations", found: tensor.shape, expected: [0, 0])
        }
        try self.init(rows: tensor.shape[0], width: tensor.shape[1])
        tensor.withUnsafeValues { _ = elements.update(fromContentsOf: $0) }
    }

    /// The values as a tensor `[rows, width]`.
    public func tensor() -> Tensor {
        var tensor = Tensor(zeros: [rows, width])
        tensor.withUnsafeMutableValues { _ = $0.update(fromContentsOf: elements) }
        return tensor
    }

    /// One row's numbers.
    public subscript(row row: Int) -> UnsafeMutableBufferPointer<Float> {
        precondition(row >= 0 && row < rows)
        return UnsafeMutableBufferPointer(rebasing: elements[row * width..<(row + 1) * width])
    }
}
