/// The memory behind tensors: float32, aligned to a cache line, freed with its last owner.
///
/// Invariants that make the raw pointer safe, and `@unchecked Sendable` true:
/// - `elements` covers memory that lives as long as this object: allocated and freed here, or kept by `owner`.
/// - It is written only through `Tensor`, and only while the tensor is its sole owner
///   (`isKnownUniquelyReferenced`); borrowed memory (`owner` set) is never written.
final class TensorStorage: @unchecked Sendable {
    /// Cache line, and the widest vector register (AVX-512).
    static let alignment = 64

    let elements: UnsafeMutableBufferPointer<Float>
    let owner: (any Sendable)?

    /// New memory for `count` values, all zero.
    init(zeros count: Int) {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: Self.alignment)
        elements = UnsafeMutableBufferPointer(
            start: raw.bindMemory(to: Float.self, capacity: count), count: count)
        elements.initialize(repeating: 0)
        owner = nil
    }

    /// Memory that `owner` keeps alive and unchanged, for example a mapped file.
    init(borrowing elements: UnsafeBufferPointer<Float>, keptBy owner: any Sendable) {
        self.elements = UnsafeMutableBufferPointer(mutating: elements)
        self.owner = owner
    }

    var isWritable: Bool { owner == nil }

    deinit {
        if owner == nil { elements.baseAddress.map { UnsafeMutableRawPointer($0).deallocate() } }
    }
}
