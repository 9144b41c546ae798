import COneDNN

/// The processor as oneDNN sees it: one for the whole process.
///
/// `@unchecked Sendable` holds because oneDNN's engines are immutable once created and documented as safe to share
/// between threads. It is never destroyed: it lives as long as the process.
final class Engine: @unchecked Sendable {
    let handle: dnnl_engine_t

    private init(handle: dnnl_engine_t) { self.handle = handle }

    private static let made: Result<Engine, NeuralLayerError> = {
        var handle: dnnl_engine_t?
        let status = dnnl_engine_create(&handle, dnnl_cpu, 0)
        guard status == dnnl_success, let handle else {
            return .failure(.library(operation: "an engine", status: "status \(status.rawValue)", shapes: []))
        }
        return .success(Engine(handle: handle))
    }()

    /// The processor's engine.
    static func processor() throws(NeuralLayerError) -> Engine { try made.get() }
}

/// The order in which one object's primitives run: belongs to one caller thread.
final class ExecutionStream {
    let handle: dnnl_stream_t

    init() throws(NeuralLayerError) {
        var handle: dnnl_stream_t?
        try check(
            dnnl_stream_create(
                &handle, Engine.processor().handle, UInt32(dnnl_stream_default_flags.rawValue)),
            "a stream")
        guard let handle else {
            throw .library(operation: "a stream", status: "no handle", shapes: [])
        }
        self.handle = handle
    }

    deinit { dnnl_stream_destroy(handle) }
}
