import Tensors

/// The index of weights in several files: `{"weight_map": {"name": "model-00001-of-00002.safetensors", …}}`.
struct ShardIndex {
    private static let format = "index of weights"
    private static let maximumShards = 1000

    /// The file that holds each tensor.
    private let places: [String: String]

    /// The index, or nil where bytes are something else.
    /// - Throws: `FormatError` where it is an index that cannot be followed.
    init?(recognising bytes: Bytes) throws(FormatError) {
        // 123, a brace, may also be the last byte of a safetensors header's length.
        guard bytes.starts(with: "{".utf8), !SafetensorsFile.recognises(bytes) else { return nil }
        guard let members = try JSONValue(bytes, format: Self.format)["weight_map"]?.members else {
            throw Self.fault("a JSON file without a \"weight_map\"")
        }
        var places: [String: String] = [:]
        for member in members {
            // A name and no path: an index does not lead out of its folder.
            guard let name = member.value.text, !name.isEmpty, !name.contains("/"), name != ".." else {
                throw Self.fault("\(member.name.prefix(80)): its file is not named")
            }
            places[member.name] = name
        }
        guard Set(places.values).count <= Self.maximumShards else {
            throw Self.fault("more than \(Self.maximumShards) files")
        }
        self.places = places
    }

    /// Opens the files and finds every tensor in the one that the index names.
    /// - Parameter path: The index's own.
    func open(beside path: String) throws(FormatError) -> ([MappedFile], CheckpointContents) {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        var files: [MappedFile] = []
        var contents: CheckpointContents?
        var found: [String: CheckpointContents] = [:]
        for name in Set(places.values).sorted() {
            let file: MappedFile
            do throws(CheckpointError) {
                file = try MappedFile(path: folder + name)
            } catch {
                throw Self.fault("\(error)")
            }
            let shard: CheckpointContents
            do throws(FormatError) {
                shard = try CheckpointContents(Bytes(file))
            } catch {
                throw Self.fault("\(name): \(error)")
            }
            var whole = contents ?? CheckpointContents(format: shard.format)
            whole.metadata.merge(shard.metadata) { first, _ in first }
            contents = whole
            found[name] = shard
            files.append(file)
        }
        guard var contents else { throw Self.fault("it names no file") }
        for (tensor, name) in places {
            if let stored = found[name]?.tensors[tensor] {
                contents.tensors[tensor] = stored
            } else if let other = found[name]?.unreadable[tensor] {
                contents.unreadable[tensor] = other
            } else {
                throw Self.fault("\(tensor.prefix(80)) is not in \(name)")
            }
        }
        return (files, contents)
    }

    private static func fault(_ reason: String) -> FormatError {
        .malformed(format: format, offset: nil, reason: reason)
    }
}
