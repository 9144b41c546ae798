/// A matrix that stays as it is stored, in half precision perhaps: its rows become float32 when they are read.
public struct StoredMatrix: Sendable {
    /// `[rows, width]`
    public let shape: Shape
    /// The matrix itself, where it is stored in float32.
    public let tensor: Tensor?
    private let convert: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Float>) -> Void

    /// A matrix in float32.
    /// - Throws: `ShapeError.mismatch` where the tensor has another rank.
    public init(_ tensor: Tensor) throws(ShapeError) {
        guard tensor.shape.rank == 2 else {
            throw .mismatch(what: "a matrix", found: tensor.shape, expected: [0, 0])
        }
        shape = tensor.shape
        self.tensor = tensor
        let width = tensor.shape[1]
        convert = { rows, target in
            tensor.withUnsafeValues {
                _ = target.update(fromContentsOf: $0[rows.lowerBound * width..<rows.upperBound * width])
            }
        }
    }

    /// A matrix in another type.
    /// - Parameter convert: writes some rows as float32, exactly as many as there is room for.
    /// - Throws: `ShapeError.mismatch` where the shape is of another rank.
    public init(
        shape: Shape, convert: @escaping @Sendable (Range<Int>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(ShapeError) {
        guard shape.rank == 2 else {
            throw .mismatch(what: "a matrix", found: shape, expected: [0, 0])
        }
        self.shape = shape
        tensor = nil
        self.convert = convert
    }

    /// Writes rows as float32 to `target`, which has room for them.
    public func read(_ rows: Range<Int>, into target: UnsafeMutableBufferPointer<Float>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= shape[0])
        precondition(target.count >= rows.count * shape[1])
        convert(rows, UnsafeMutableBufferPointer(rebasing: target[..<(rows.count * shape[1])]))
    }
}
