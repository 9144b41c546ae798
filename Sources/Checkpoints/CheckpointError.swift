import Tensors

/// Why a file of tensors cannot be opened, read or written; every case names the file.
public enum CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No such file.
    case missing(path: String)
    /// A folder where a file is needed.
    case directory(path: String)
    /// A folder that holds none of the files in which weights come.
    case noWeights(folder: String)
    /// A pipe, socket or device.
    case special(path: String)
    /// A file of no bytes.
    case empty(path: String)
    /// The system would not let the file be read.
    case unreadable(path: String, reason: String)
    /// There can be no such file: the system would not make it, or its format cannot hold what was to be written.
    case uncreatable(path: String, reason: String)
    /// Writing failed, for example on a full disk; what stood in the file's place still does.
    case unwritable(path: String, reason: String)
    /// The bytes are not what their format asks for.
    case format(path: String, FormatError)
    /// No tensor of that name; `similar` are names that come near it.
    case unknownTensor(path: String, name: String, similar: [String])
    /// A tensor of one shape where another was needed.
    case mismatch(path: String, name: String, found: Shape, expected: Shape)
    /// A tensor of another number of axes than was needed.
    case rank(path: String, name: String, found: Int, expected: Int)

    public var description: String {
        switch self {
        case .missing(let path): "\(path): no such file"
        case .directory(let path): "\(path): is a folder; a file is needed"
        case .noWeights(let folder):
            "\(folder): is a folder without weights; a file, or a folder with \(CheckpointFolder.names[0]), is needed"
        case .special(let path): "\(path): is a pipe or device; a regular file is needed"
        case .empty(let path): "\(path): the file is empty"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .uncreatable(let path, let reason): "\(path): cannot be made: \(reason)"
        case .unwritable(let path, let reason): "\(path): writing failed: \(reason)"
        case .format(let path, let error): "\(path): \(error)"
        case .unknownTensor(let path, let name, let similar):
            "\(path): has no tensor named \(name)"
                + (similar.isEmpty ? "" : "; it has " + similar.joined(separator: ", "))
        case .mismatch(let path, let name, let found, let expected):
            "\(path): \(name) has shape \(found) where \(expected) is needed"
        case .rank(let path, let name, let found, let expected):
            "\(path): \(name) has \(found) \(found == 1 ? "axis" : "axes") where \(expected) are needed"
        }
    }
}
