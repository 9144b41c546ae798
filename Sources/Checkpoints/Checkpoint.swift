import Tensors

/// An opened file of named tensors; the kind of file is told from its content. Several files with an index count as one.
///
/// Opening reads the table of contents only. A tensor's memory is the mapped file itself where its numbers are
/// float32 already, and it keeps the file mapped for as long as it lives.
public struct Checkpoint: Sendable {
    /// The file, or those that an index names, in the order of their names.
    private let files: [MappedFile]
    private let contents: CheckpointContents

    /// The names of all tensors, sorted; those too whose type is not read.
    public let names: [String]

    /// Text that the file carries beside the tensors.
    public var metadata: [String: String] { contents.metadata }

    /// The file that was opened: within a folder, the one that holds its weights or their index.
    public let path: String

    /// Whether everything is in the file at `path`, and not in several with an index.
    public var isOneFile: Bool { files.count == 1 && files[0].path == path }

    /// The kind of file, for example "safetensors".
    public var format: String { contents.format }

    /// Opens a file, the index of several (such as `model.safetensors.index.json`), or a folder with either as the transformers
    /// library and OpenCLIP name them.
    /// - Throws: `CheckpointError`; a file that is cut short, too long, or contradicts itself is not opened.
    public static func open(path: String) throws(CheckpointError) -> Checkpoint {
        try Checkpoint(CheckpointFolder.weights(at: path))
    }

    private init(_ file: MappedFile) throws(CheckpointError) {
        path = file.path
        do throws(FormatError) {
            if let shards = try ShardIndex(recognising: Bytes(file)) {
                (files, contents) = try shards.open(beside: file.path)
            } else {
                files = [file]
                contents = try CheckpointContents(Bytes(file))
            }
        } catch {
            throw .format(path: file.path, error)
        }
        names = (Array(contents.tensors.keys) + contents.unreadable.keys).sorted()
    }

    /// A number that a layer of a pickled network keeps as an attribute, named as its tensors are:
    /// `synthesis.b4.conv1.conv_clamp`. Files of tensors alone have none.
    public func setting(_ name: String) -> Double? { contents.settings[name] }

    public func contains(_ name: String) -> Bool { shape(of: name) != nil }

    public func shape(of name: String) -> Shape? {
        contents.tensors[name]?.shape ?? contents.unreadable[name]?.shape
    }

    /// The type of a tensor's numbers in the file ("float16"), and the bytes that they take.
    public func storage(of name: String) -> (type: String, byteCount: Int)? {
        if let other = contents.unreadable[name] { return ("\(other.type), not read", other.byteCount) }
        return contents.tensors[name].map { ("\($0.element)", $0.shape.count * $0.element.size) }
    }

    /// The tensor as float32; integers and float64 are rounded to the nearest float32.
    /// - Throws: `CheckpointError.unknownTensor`; `CheckpointError.format` where a packed record is damaged, or the
    ///   type is none that becomes float32.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        if let other = contents.unreadable[name] { throw .format(path: path, other.error) }
        guard let stored = contents.tensors[name] else { throw unknown(name) }
        do throws(FormatError) {
            return try stored.load()
        } catch {
            throw .format(path: path, error)
        }
    }

    /// A matrix that stays in the file in the type in which it is stored, half precision for example.
    /// - Throws: as `tensor`; `CheckpointError.rank` where it is no matrix.
    public func matrix(_ name: String) throws(CheckpointError) -> StoredMatrix {
        do throws(FormatError) {
            if let matrix = try contents.tensors[name]?.matrix() { return matrix }
        } catch {
            throw .format(path: path, error)
        }
        let tensor = try tensor(name)
        guard let matrix = try? StoredMatrix(tensor) else {
            throw .rank(path: path, name: name, found: tensor.shape.rank, expected: 2)
        }
        return matrix
    }

    /// The tensor as float32, which must have that shape.
    /// - Throws: `CheckpointError.unknownTensor`, `CheckpointError.mismatch` with both shapes.
    public func tensor(_ name: String, shape: Shape) throws(CheckpointError) -> Tensor {
        if let found = self.shape(of: name), found != shape {
            throw .mismatch(path: path, name: name, found: found, expected: shape)
        }
        return try tensor(name)
    }

    /// The SHA-256 of the whole file in hexadecimal, computed at every call (about 0.5 s a gigabyte); of several files,
    /// that of their hexadecimal digests, joined in the order of the files' names.
    /// - Throws: `CheckpointError.unreadable` where the library has no SHA-256.
    public var fingerprint: String {
        get throws(CheckpointError) {
            func digest(_ bytes: Bytes) throws(CheckpointError) -> String {
                guard let digest = Fingerprint.sha256(of: bytes) else {
                    throw .unreadable(path: path, reason: "OpenSSL would not compute SHA-256")
                }
                return digest
            }
            var digests: [String] = []
            for file in files { digests.append(try digest(Bytes(file))) }
            return digests.count == 1 ? digests[0] : try digest(Bytes(Array(digests.joined().utf8)))
        }
    }

    /// The error that says that no tensor has that name, and which come near it.
    public func unknown(_ name: String) -> CheckpointError {
        .unknownTensor(path: path, name: name, similar: similarNames(to: name))
    }

    /// Up to three names that end as the one asked for does: most often a prefix is what differs.
    private func similarNames(to name: String) -> [String] {
        let parts = name.split(separator: ".")
        for count in stride(from: min(3, parts.count), to: 0, by: -1) {
            let ending = parts.suffix(count).joined(separator: ".")
            let found = names.filter { $0.hasSuffix(ending) }.prefix(3)
            if !found.isEmpty { return Array(found) }
        }
        return Array(names.prefix(3))
    }
}
