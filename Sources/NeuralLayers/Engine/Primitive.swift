import COneDNN
import Tensors

/// One oneDNN operation with its arguments: made once, executed often without allocating.
///
/// It keeps its arguments' memory alive, and the scratchpad is its own, so that nothing is allocated when it runs.
final class Primitive {
    private let handle: dnnl_primitive_t
    private let stream: ExecutionStream
    private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>
    private var memories: [Memory]
    private let operation: String

    /// - Parameter arguments: oneDNN's argument numbers (`DNNL_ARG_SRC`, …) with the memory of each.
    init(
        _ descriptor: PrimitiveDescriptor, _ arguments: [(Int32, Memory)]
    ) throws(NeuralLayerError) {
        operation = descriptor.operation
        stream = try ExecutionStream()
        var bound = arguments
        let scratchpad = descriptor.memory(dnnl_query_scratchpad_md, shape: [])
        if scratchpad.byteCount > 0 { bound.append((DNNL_ARG_SCRATCHPAD, try Memory(scratchpad))) }
        var handle: dnnl_primitive_t?
        try check(
            dnnl_primitive_create(&handle, descriptor.handle), operation, bound.map(\.1.descriptor.shape))
        guard let handle else { throw .library(operation: operation, status: "no handle", shapes: []) }
        self.handle = handle
        memories = bound.map(\.1)
        self.arguments = .allocate(capacity: bound.count)
        for (i, (number, memory)) in bound.enumerated() {
            self.arguments.initializeElement(at: i, to: dnnl_exec_arg_t(arg: number, memory: memory.handle))
        }
    }

    /// Runs on the calling thread and returns when it is done.
    func execute() throws(NeuralLayerError) {
        try check(
            dnnl_primitive_execute(handle, stream.handle, Int32(arguments.count), arguments.baseAddress),
            operation, memories.map(\.descriptor.shape))
        try check(dnnl_stream_wait(stream.handle), operation, memories.map(\.descriptor.shape))
    }

    /// Puts another memory in the place of an argument's; the descriptors must be equal.
    func bind(_ number: Int32, to memory: Memory) {
        guard let i = arguments.firstIndex(where: { $0.arg == number }) else {
            preconditionFailure("\(operation) has no argument \(number)")
        }
        guard memories[i] !== memory else { return }
        precondition(
            memories[i].descriptor == memory.descriptor,
            "\(operation) was made for another layout of \(number)")
        arguments[i].memory = memory.handle
        memories[i] = memory
    }

    /// A copy from one layout to another.
    static func reorder(from source: Memory, to destination: Memory) throws(NeuralLayerError) -> Primitive {
        let engine = try Engine.processor().handle
        let shapes = [source.descriptor.shape]
        let descriptor = try PrimitiveDescriptor("a reorder", shapes) { handle, attributes in
            withUnsafePointer(to: source.descriptor.value) { from in
                withUnsafePointer(to: destination.descriptor.value) { to in
                    dnnl_reorder_primitive_desc_create(&handle, from, engine, to, engine, attributes)
                }
            }
        }
        return try Primitive(descriptor, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, destination)])
    }

    deinit {
        dnnl_primitive_destroy(handle)
        arguments.deallocate()
    }
}

/// What oneDNN chose for an operation: its kernel and the layouts that it wants.
final class PrimitiveDescriptor {
    let handle: dnnl_primitive_desc_t
    let operation: String

    /// - Parameter make: calls oneDNN's maker with attributes that leave the scratchpad to the caller.
    init(
        _ operation: String, _ shapes: [Shape],
        make: (inout dnnl_primitive_desc_t?, dnnl_primitive_attr_t) throws(NeuralLayerError) -> dnnl_status_t
    ) throws(NeuralLayerError) {
        self.operation = operation
        var attributes: dnnl_primitive_attr_t?
        try check(dnnl_primitive_attr_create(&attributes), operation, shapes)
        guard let attributes else {
            throw .library(operation: operation, status: "no attributes", shapes: shapes)
        }
        defer { dnnl_primitive_attr_destroy(attributes) }
        try check(
            dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), operation, shapes)
        var handle: dnnl_primitive_desc_t?
        try check(make(&handle, attributes), operation, shapes)
        guard let handle else { throw .library(operation: operation, status: "no handle", shapes: shapes) }
        self.handle = handle
    }

    /// From one of oneDNN's operation descriptors (`dnnl_convolution_desc_t`, …), filled by `dnnl_…_desc_init`.
    static func describing<Operation>(
        _ description: Operation, _ operation: String, _ shapes: [Shape]
    ) throws(NeuralLayerError) -> PrimitiveDescriptor {
        let engine = try Engine.processor().handle
        return try PrimitiveDescriptor(operation, shapes) { handle, attributes in
            withUnsafePointer(to: description) {
                dnnl_primitive_desc_create(&handle, $0, attributes, engine, nil)
            }
        }
    }

    /// The layout chosen for an argument (`dnnl_query_weights_md`, …), named by its logical shape.
    func memory(_ what: dnnl_query_t, _ index: Int32 = 0, shape: Shape) -> MemoryDescriptor {
        MemoryDescriptor(dnnl_primitive_desc_query_md(handle, what, index).pointee, shape: shape)
    }

    /// The name of the kernel, for measurements and tests.
    var kernel: String {
        var name: UnsafePointer<CChar>?
        guard dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &name) == dnnl_success, let name
        else {
            return "unknown"
        }
        return String(cString: name)
    }

    deinit { dnnl_primitive_desc_destroy(handle) }
}
