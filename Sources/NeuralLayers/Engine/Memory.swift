import COneDNN
import Glibc
import Tensors

/// Memory that layers read and write: aligned, zeroed, freed once with its last owner.
///
/// Invariants of the raw pointer: `block` owns the bytes and covers at least `descriptor.byteCount` of them; the
/// handle only points there and is destroyed before it. A memory that slides over maps keeps none of them alive.
final class Memory {
    let descriptor: MemoryDescriptor
    let handle: dnnl_memory_t
    let block: MemoryBlock
    private let start: UnsafeMutablePointer<Float>?

    /// The elements as they lie, padding included; none of a window.
    var elements: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: start, count: start == nil ? 0 : descriptor.byteCount / 4)
    }

    /// New memory, all zero.
    convenience init(_ descriptor: MemoryDescriptor) throws(NeuralLayerError) {
        try self.init(descriptor, in: MemoryBlock(byteCount: descriptor.byteCount))
    }

    /// A use of a block that others may use at other times, or share unchanged.
    convenience init(_ descriptor: MemoryDescriptor, in block: MemoryBlock) throws(NeuralLayerError) {
        guard descriptor.byteCount <= block.elements.count * 4 else {
            throw .unsupported(
                operation: "a memory", shape: descriptor.shape,
                reason: "\(descriptor.byteCount) bytes do not fit in \(block.elements.count * 4)")
        }
        try self.init(descriptor, at: block.elements.baseAddress, in: block)
    }

    /// A view of activations, which it keeps alive.
    convenience init(_ descriptor: MemoryDescriptor, of activations: Activations) throws(NeuralLayerError) {
        try self.init(descriptor, in: activations.block)
    }

    /// A use of a part of a block, from an element on.
    convenience init(
        _ descriptor: MemoryDescriptor, in block: MemoryBlock, from first: Int
    ) throws(NeuralLayerError) {
        guard first >= 0, first * 4 + descriptor.byteCount <= block.elements.count * 4 else {
            throw .unsupported(
                operation: "a memory", shape: descriptor.shape,
                reason:
                    "\(descriptor.byteCount) bytes from \(first * 4) on do not fit in \(block.elements.count * 4)"
            )
        }
        try self.init(descriptor, at: block.elements.baseAddress.map { $0 + first }, in: block)
    }

    /// A window that has no memory of its own: `slide` points it somewhere before each use.
    static func window(_ descriptor: MemoryDescriptor) throws(NeuralLayerError) -> Memory {
        try Memory(descriptor, at: nil, in: MemoryBlock(byteCount: 0))
    }

    private init(
        _ descriptor: MemoryDescriptor, at start: UnsafeMutablePointer<Float>?, in block: MemoryBlock
    ) throws(NeuralLayerError) {
        var handle: dnnl_memory_t?
        let engine = try Engine.processor().handle
        try check(
            withUnsafePointer(to: descriptor.value) { dnnl_memory_create(&handle, $0, engine, start) },
            "a memory", [descriptor.shape])
        guard let handle else {
            throw .library(operation: "a memory", status: "no handle", shapes: [descriptor.shape])
        }
        self.descriptor = descriptor
        self.handle = handle
        self.block = block
        self.start = start
    }

    /// Points the handle at elements from this one on, of `owner`, which the caller keeps alive while it is used.
    func slide(to first: Int, of owner: FeatureMap) throws(NeuralLayerError) {
        precondition(first >= 0 && (first * 4 + descriptor.byteCount) <= owner.elements.count * 4)
        try check(
            dnnl_memory_set_data_handle(handle, owner.elements.baseAddress.map { $0 + first }), "a window",
            [descriptor.shape])
    }

    /// Points the handle at elements from this one on, of `owner`, which the caller keeps alive while it is used.
    ///
    /// `reach` is how many elements the layout spans there, gaps between rows included.
    func slide(to first: Int, of owner: Activations, reach: Int) throws(NeuralLayerError) {
        precondition(
            first >= 0 && first + reach <= owner.elements.count, "a layer reads and writes within its maps")
        try check(
            dnnl_memory_set_data_handle(handle, owner.elements.baseAddress.map { $0 + first }), "a window",
            [descriptor.shape])
    }

    /// Points the handle at values that the caller keeps in place while it is used; the layer only reads them.
    func slide(over values: UnsafeBufferPointer<Float>.SubSequence) throws(NeuralLayerError) {
        precondition(descriptor.byteCount <= values.count * 4)
        try check(
            dnnl_memory_set_data_handle(
                handle, UnsafeMutableRawPointer(mutating: UnsafeBufferPointer(rebasing: values).baseAddress)),
            "a window", [descriptor.shape])
    }

    /// A tensor's values in another layout, reordered now.
    static func reordering(
        _ tensor: Tensor, to descriptor: MemoryDescriptor
    ) throws(NeuralLayerError) -> Memory {
        let destination = try Memory(descriptor)
        // Read where they lie, in a mapped file perhaps; only the destination is written.
        try tensor.withUnsafeValues { values throws(NeuralLayerError) in
            let start = UnsafeMutablePointer(mutating: values.baseAddress)
            let source = try Memory(.rowMajor(tensor.shape), at: start, in: MemoryBlock(byteCount: 0))
            try Primitive.reorder(from: source, to: destination).execute()
        }
        return destination
    }

    deinit { dnnl_memory_destroy(handle) }
}

/// Zeroed bytes, aligned to a page, freed with their last owner. Large ones ask for huge pages: kernels walk along dozens
/// of matrices at once, each in other pages.
///
/// `@unchecked Sendable` holds as long as its users keep to this: a block is written by one thread only, and one
/// that is shared between threads (packed weights) is not written after its maker has finished.
final class MemoryBlock: @unchecked Sendable {
    /// A page, so that no two blocks share a cache line.
    private static let page = 4096
    private static let hugePage = 1 << 21

    let elements: UnsafeMutableBufferPointer<Float>

    init(byteCount: Int) {
        let count = max(1, (byteCount + 3) / 4)
        let isLarge = count * 4 >= Self.hugePage
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: count * 4, alignment: isLarge ? Self.hugePage : Self.page)
        // Advice: where it is not followed, pages are small. The last part page is left as it is.
        if isLarge { madvise(raw, count * 4 / Self.hugePage * Self.hugePage, MADV_HUGEPAGE) }
        elements = UnsafeMutableBufferPointer(
            start: raw.bindMemory(to: Float.self, capacity: count), count: count)
        elements.initialize(repeating: 0)
    }

    deinit { elements.baseAddress.map { UnsafeMutableRawPointer($0).deallocate() } }
}
