import Tensors

/// Why a file of tensors cannot be opened, read or written; every case names the file.
public enum CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No such file.
    case missing(path: String)
    /// A folder where a file is needed.
    case directory(path: String)
    /// A pipe, socket or device.
    case special(path: String)
    /// A file of no bytes.
    case empty(path: String)
    /// The system would not let the file be read.
    case unreadable(path: String, reason: String)
    /// The system would not let the file be written; what stood in its place still does.
    case unwritable(path: String, reason: String)
    /// The bytes are not what their format asks for.
    case format(path: String, FormatError)
    /// No tensor of that name; `similar` are names that come near it.
    case unknownTensor(path: String, name: String, similar: [String])
    /// A tensor of one shape where another was needed.
    case mismatch(path: String, name: String, found: Shape, expected: Shape)

    public var description: String {
        switch self {
        case .missing(let path): "\(path): no such file"
        case .directory(let path):
            "\(path): is a folder without weights; a file, or a folder with \(CheckpointFolder.names[0]), is needed"
        case .special(let path): "\(path): is a pipe or device; a regular file is needed"
        case .empty(let path): "\(path): the file is empty"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
        case .format(let path, let error): "\(path): \(error)"
        case .unknownTensor(let path, let name, let similar):
            "\(path): has no tensor named \(name)"
                + (similar.isEmpty ? "" : "; it has " + similar.joined(separator: ", "))
        case .mismatch(let path, let name, let found, let expected):
            "\(path): \(name) has shape \(found) where \(expected) is needed"
        }
    }
}
