import Tensors

/// Bytes to read, and whatever keeps them in memory; a slice shares the owner.
///
/// The unsafe door of this room. Invariants, which also make it `Sendable`:
/// - `buffer` covers memory that `owner` keeps alive, and that nobody writes after the first `Bytes` over it.
/// - Every access is checked against `buffer.count`, in release builds too.
struct Bytes: @unchecked Sendable {
    private let buffer: UnsafeRawBufferPointer
    private let owner: any AnyObject & Sendable

    var count: Int { buffer.count }

    /// The whole of a mapped file.
    init(_ file: MappedFile) {
        buffer = file.pages
        owner = file
    }

    /// New memory of `count` bytes, which `fill` writes; it starts as zeros.
    init<Failure: Error>(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let memory = ByteMemory(count: count)
        try fill(memory.buffer)
        buffer = UnsafeRawBufferPointer(memory.buffer)
        owner = memory
    }

    init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    private init(buffer: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
        self.buffer = buffer
        self.owner = owner
    }

    subscript(position: Int) -> UInt8 {
        precondition(position >= 0 && position < buffer.count, "byte \(position) of \(buffer.count)")
        return buffer[position]
    }

    /// `count` bytes from `offset`, or nil where they do not all lie within.
    func slice(at offset: Int, count: Int) -> Bytes? {
        guard offset >= 0, count >= 0, offset <= buffer.count, count <= buffer.count - offset else {
            return nil
        }
        return Bytes(buffer: UnsafeRawBufferPointer(rebasing: buffer[offset..<offset + count]), owner: owner)
    }

    /// Everything from `offset`, or nothing where that lies beyond the end.
    func suffix(from offset: Int) -> Bytes {
        slice(at: offset, count: buffer.count - offset) ?? Bytes([])
    }

    /// The little-endian integer at `offset`, which need not be aligned, or nil where it does not lie within.
    func integer<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type = Number.self) -> Number? {
        guard let bytes = slice(at: offset, count: MemoryLayout<Number>.size) else { return nil }
        return Number(littleEndian: bytes.buffer.loadUnaligned(as: Number.self))
    }

    func starts(with prefix: some Collection<UInt8>, at offset: Int = 0) -> Bool {
        slice(at: offset, count: prefix.count).map { $0.buffer.elementsEqual(prefix) } ?? false
    }

    /// The bytes as text, or nil where they are not UTF-8.
    var text: String? { String(validating: buffer, as: UTF8.self) }

    var array: [UInt8] { Array(buffer) }

    /// The memory itself; the pointer is valid within `body` only.
    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(buffer)
    }

    /// A tensor over these very bytes, or nil where they are not aligned float32 values that fill the shape.
    func borrowedTensor(shape: Shape) -> Tensor? {
        guard buffer.count % MemoryLayout<Float>.size == 0, let start = buffer.baseAddress,
            Int(bitPattern: start) % MemoryLayout<Float>.alignment == 0
        else { return nil }
        let count = buffer.count / MemoryLayout<Float>.size
        let values = UnsafeBufferPointer(start: start.assumingMemoryBound(to: Float.self), count: count)
        return try? Tensor(borrowing: values, shape: shape, keptBy: owner)
    }
}

/// Memory of fixed size, freed with its last owner.
///
/// `Sendable` holds because only `Bytes.init(count:filledBy:)` writes, before anybody else has the object.
private final class ByteMemory: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer

    init(count: Int) {
        buffer = .allocate(byteCount: count, alignment: 64)
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { buffer.deallocate() }
}
