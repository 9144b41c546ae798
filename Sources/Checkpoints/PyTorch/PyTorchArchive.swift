import Tensors

/// What `torch.save` writes since version 1.6, and TorchScript: a zip archive of a pickle and its storages.
///
///     name/data.pkl       the object; tensors refer to storages by key
///     name/data/0 …       a storage each
///     name/byteorder      "little" or "big"; little where it is missing
///     name/constants.pkl  TorchScript only: a tuple, whose storages lie in name/constants/
///
/// TorchScript's code is not looked at. Other records are left alone.
enum PyTorchArchive {
    static let format = "PyTorch"

    /// The archive's pickle, or nil where it is no archive of PyTorch.
    private static func pickle(in archive: ZipArchive) -> ZipArchive.Record? {
        archive.records.first { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }
    }

    static func recognises(_ archive: ZipArchive) -> Bool { pickle(in: archive) != nil }

    static func read(_ archive: ZipArchive) throws(FormatError) -> CheckpointContents {
        guard let pickle = pickle(in: archive) else { throw .unrecognised }
        let folder = String(pickle.name.dropLast("data.pkl".count))
        var bigEndian = false
        if let order = archive[folder + "byteorder"] {
            bigEndian = try archive.prefix(of: order, count: 3).starts(with: "big".utf8)
        }

        var contents = CheckpointContents(format: format)
        let (graph, root) = try run(pickle, archive)
        let found = try tensors(graph, root, archive, folder + "data/", path: "", bigEndian)
        contents.tensors = found.tensors
        contents.settings = found.settings
        contents.metadata = PickleMetadata.read(root, in: graph)
        if let constants = archive[folder + "constants.pkl"] {
            let (graph, root) = try run(constants, archive)
            let found = try tensors(graph, root, archive, folder + "constants/", path: "constants", bigEndian)
            contents.tensors.merge(found.tensors) { named, _ in named }
        }
        return contents
    }

    private static func run(
        _ record: ZipArchive.Record, _ archive: ZipArchive
    ) throws(FormatError) -> (PickleGraph, PickleValue) {
        var interpreter = PickleInterpreter(try archive.bytes(of: record))
        let root = try interpreter.run()
        return (interpreter.graph, root)
    }

    private static func tensors(
        _ graph: PickleGraph, _ root: PickleValue, _ archive: ZipArchive, _ folder: String, path: String,
        _ bigEndian: Bool
    ) throws(FormatError) -> PickleTensors {
        var found = PickleTensors(graph, format: format, bigEndian: bigEndian) {
            storage throws(FormatError) in
            switch storage.place {
            case .bytes(let bytes): return .bytes(bytes)
            case .key(let key):
                guard let record = archive[folder + key] else {
                    throw .malformed(
                        format: format, offset: nil, reason: "storage \(key.prefix(40)) is not in the archive"
                    )
                }
                return .record(archive, record)
            }
        }
        try found.add(root, path: path)
        return found
    }
}
