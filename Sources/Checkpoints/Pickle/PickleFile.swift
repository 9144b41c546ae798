import Tensors

/// A file that is one pickle: NVIDIA's networks, or NumPy arrays in lists and dictionaries.
///
/// Of a dictionary that has `G_ema` (the generator with averaged weights), only that is read, its tensors named
/// as in its `state_dict`: `synthesis.b4.const`.
enum PickleFile {
    static func read(_ bytes: Bytes) throws(FormatError) -> CheckpointContents {
        var interpreter = PickleInterpreter(bytes)
        var root = try interpreter.run()
        guard interpreter.position == bytes.count else {
            throw .oversized(format: PickleInterpreter.format, extra: bytes.count - interpreter.position)
        }
        if let generator = interpreter.graph.member("G_ema", of: root) { root = generator }
        var found = PickleTensors(interpreter.graph, format: PickleInterpreter.format) {
            storage throws(FormatError) in
            guard case .bytes(let bytes) = storage.place else {
                throw .malformed(
                    format: PickleInterpreter.format, offset: nil,
                    reason: "a tensor whose numbers are elsewhere")
            }
            return .bytes(bytes)
        }
        try found.add(root)
        var contents = CheckpointContents(format: PickleInterpreter.format)
        contents.tensors = found.tensors
        contents.settings = found.settings
        contents.metadata = PickleMetadata.read(root, in: interpreter.graph)
        return contents
    }
}
