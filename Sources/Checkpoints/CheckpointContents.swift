/// What a reader found in a file: its tensors by name, its text, and the numbers that set its layers.
struct CheckpointContents: Sendable {
    let format: String
    var tensors: [String: StoredTensor] = [:]
    /// What is there besides, of types that do not become float32.
    var unreadable: [String: UnreadableTensor] = [:]
    var metadata: [String: String] = [:]
    var settings: [String: Double] = [:]

    init(format: String) { self.format = format }

    /// Reads bytes of any kind known here.
    init(_ bytes: Bytes) throws(FormatError) {
        // First: the length of a header may be spelt with the bytes that another kind begins with.
        if SafetensorsFile.recognises(bytes) {
            self = try SafetensorsFile.read(bytes)
        } else if NumPyFile.recognises(bytes) {
            self = try NumPyFile.read(bytes)
        } else if ZipArchive.recognises(bytes) {
            var archive = try ZipArchive(bytes)
            if PyTorchArchive.recognises(archive) {
                archive.verifiesStored = false
                self = try PyTorchArchive.read(archive)
            } else if NumPyArchive.recognises(archive) {
                self = try NumPyArchive.read(archive)
            } else {
                throw .unsupported(
                    format: ZipArchive.format, reason: "holds neither data.pkl nor arrays (.npy) alone")
            }
        } else if PyTorchLegacyFile.recognises(bytes) {
            self = try PyTorchLegacyFile.read(bytes)
        } else if PickleInterpreter.recognises(bytes) {
            self = try PickleFile.read(bytes)
        } else if SafetensorsFile.resembles(bytes) {
            self = try SafetensorsFile.read(bytes)
        } else {
            throw .unrecognised
        }
    }
}
