/// What a reader found in a file: its tensors by name, and its text.
struct CheckpointContents: Sendable {
    let format: String
    var tensors: [String: StoredTensor] = [:]
    var metadata: [String: String] = [:]

    init(format: String) { self.format = format }

    /// Reads bytes of any kind known here.
    init(_ bytes: Bytes) throws(FormatError) {
        guard SafetensorsFile.recognises(bytes) else { throw .unrecognised }
        self = try SafetensorsFile.read(bytes)
    }
}
