/// A dense, row-major array of float32: a value, copied when it is written while shared.
///
/// The memory is aligned to 64 bytes, or borrowed from a mapped file, which stays mapped as long as the tensor.
public struct Tensor: Sendable {
    public let shape: Shape
    private var storage: TensorStorage

    /// The number of elements.
    public var count: Int { shape.count }

    /// A tensor of zeros.
    public init(zeros shape: Shape) {
        self.shape = shape
        storage = TensorStorage(zeros: shape.count)
    }

    /// The values in row-major order.
    /// - Throws: `ShapeError.count` where they do not fill the shape.
    public init(_ values: some Collection<Float>, shape: Shape) throws(ShapeError) {
        guard values.count == shape.count else { throw .count(found: values.count, expected: shape) }
        self.init(zeros: shape)
        _ = storage.elements.update(fromContentsOf: values)
    }

    /// A vector of these values.
    public init(_ values: [Float]) {
        self.init(zeros: [values.count])
        _ = storage.elements.update(fromContentsOf: values)
    }

    /// Values in memory that `owner` keeps alive and unchanged, used without a copy.
    /// - Throws: `ShapeError.count` where they do not fill the shape.
    public init(
        borrowing values: UnsafeBufferPointer<Float>, shape: Shape, keptBy owner: any Sendable
    ) throws(ShapeError) {
        guard values.count == shape.count else { throw .count(found: values.count, expected: shape) }
        self.shape = shape
        storage = TensorStorage(borrowing: values, keptBy: owner)
    }

    private init(shape: Shape, storage: TensorStorage) {
        self.shape = shape
        self.storage = storage
    }

    /// The values in row-major order, copied.
    public var values: [Float] { Array(storage.elements) }

    /// The same values under another shape, without a copy.
    /// - Throws: `ShapeError.count` where the numbers of elements differ.
    public func reshaped(to shape: Shape) throws(ShapeError) -> Tensor {
        guard shape.count == count else { throw .count(found: count, expected: shape) }
        return Tensor(shape: shape, storage: storage)
    }

    /// Throws `ShapeError.mismatch` unless the shape is this one; `what` names the tensor in the message.
    public func requireShape(_ expected: Shape, of what: @autoclosure () -> String) throws(ShapeError) {
        guard shape == expected else { throw .mismatch(what: what(), found: shape, expected: expected) }
    }

    /// Reads the values in place; the pointer is valid within `body` only.
    public func withUnsafeValues<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(storage.elements))
    }

    /// Writes the values in place, after a copy if the memory is shared or borrowed; the pointer is valid
    /// within `body` only.
    public mutating func withUnsafeMutableValues<Result, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        makeUnique()
        return try body(storage.elements)
    }

    /// The element at a row-major position, from 0 to `count - 1`.
    public subscript(position: Int) -> Float {
        get {
            precondition(position >= 0 && position < count, "a tensor has no element \(position)")
            return storage.elements[position]
        }
        set {
            precondition(position >= 0 && position < count, "a tensor has no element \(position)")
            makeUnique()
            storage.elements[position] = newValue
        }
    }

    private mutating func makeUnique() {
        guard !isKnownUniquelyReferenced(&storage) || !storage.isWritable else { return }
        let copy = TensorStorage(zeros: count)
        _ = copy.elements.update(fromContentsOf: storage.elements)
        storage = copy
    }
}

extension Tensor: Equatable {
    /// Same shape and equal values (so a tensor that holds a NaN does not equal itself).
    public static func == (left: Tensor, right: Tensor) -> Bool {
        left.shape == right.shape && left.storage.elements.elementsEqual(right.storage.elements)
    }
}
