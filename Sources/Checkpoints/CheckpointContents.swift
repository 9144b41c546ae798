/// What a reader found in a file: its tensors by name, and its text.
struct CheckpointContents: Sendable {
    let format: String
    var tensors: [String: StoredTensor] = [:]
    var metadata: [String: String] = [:]

    init(format: String) { self.format = format }

    /// Reads bytes of any kind known here.
    init(_ bytes: Bytes) throws(FormatError) {
        if NumPyFile.recognises(bytes) {
            self = try NumPyFile.read(bytes)
        } else if ZipArchive.recognises(bytes) {
            self = try NumPyArchive.read(ZipArchive(bytes, verifiesStored: true))
        } else if SafetensorsFile.recognises(bytes) {
            self = try SafetensorsFile.read(bytes)
        } else {
            throw .unrecognised
        }
    }
}
