import COneDNN
import Tensors

/// How oneDNN lays a tensor out in memory: float32 extents and the order, blocks and padding of their elements.
struct MemoryDescriptor: @unchecked Sendable, Equatable {
    // A plain C value without pointers to anything mutable, hence `@unchecked Sendable`.
    var value: dnnl_memory_desc_t

    /// The logical extents, without padding.
    let shape: Shape

    init(_ value: dnnl_memory_desc_t, shape: Shape) {
        self.value = value
        self.shape = shape
    }

    /// A layout by oneDNN's tag, for example `dnnl_nChw16c`; `dnnl_format_tag_any` leaves the choice to the
    /// primitive.
    init(_ shape: Shape, _ tag: dnnl_format_tag_t) throws(NeuralLayerError) {
        self.shape = shape
        value = dnnl_memory_desc_t()
        let extents = shape.dimensions.map(Int64.init)
        try check(
            dnnl_memory_desc_init_by_tag(&value, Int32(extents.count), extents, dnnl_f32, tag),
            "a memory layout", [shape])
    }

    /// Row-major, as `Tensor` has it.
    static func rowMajor(_ shape: Shape) throws(NeuralLayerError) -> MemoryDescriptor {
        let tags = [dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde]
        guard tags.indices.contains(shape.rank - 1) else {
            throw .unsupported(operation: "a memory layout", shape: shape, reason: "the rank is to be 1 to 5")
        }
        return try MemoryDescriptor(shape, tags[shape.rank - 1])
    }

    /// The memory that holds it, padding included.
    var byteCount: Int {
        withUnsafePointer(to: value) { dnnl_memory_desc_get_size($0) }
    }

    static func == (left: MemoryDescriptor, right: MemoryDescriptor) -> Bool {
        withUnsafePointer(to: left.value) { left in
            withUnsafePointer(to: right.value) { right in dnnl_memory_desc_equal(left, right) != 0 }
        }
    }
}
