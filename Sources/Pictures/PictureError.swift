import Checkpoints
import Tensors

/// What can be wrong with a picture, or with the file that it is in.
public enum PictureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No pixels, or more than a picture can have.
    case size(width: Int, height: Int)
    /// A number of bytes that does not fill the picture.
    case count(found: Int, expected: Int)
    /// A tensor that is no image.
    case tensor(shape: Shape)
    /// No such file.
    case missing(path: String)
    /// No picture can be made there, or not in that format.
    case uncreatable(path: String, reason: String)
    /// The file cannot be read or written; `reason` is the system's.
    case file(path: String, reason: String)
    /// The bytes are not the picture that they claim to be, or not whole.
    case damaged(path: String, format: String, reason: String)
    /// A whole picture of a sort that is not read.
    case unsupported(path: String, reason: String)
    /// The file is neither PNG nor JPEG, or its name says neither.
    case unrecognised(path: String)

    public var description: String {
        switch self {
        case .size(let width, let height):
            "a picture of \(width)×\(height) pixels; from 1 to \(Picture.largestCount) pixels are possible"
        case .count(let found, let expected): "\(found) bytes do not fill a picture of \(expected)"
        case .tensor(let shape): "a tensor of shape \(shape) is no image; [3, height, width] is"
        case .missing(let path): "\(path): no such file"
        case .uncreatable(let path, let reason): "\(path): cannot be made: \(reason)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .damaged(let path, let format, let reason): "\(path): damaged \(format): \(reason)"
        case .unsupported(let path, let reason): "\(path): \(reason)"
        case .unrecognised(let path):
            "\(path): neither a PNG nor a JPEG; the name of a file to be written ends in .png, .jpg or .jpeg"
        }
    }

    /// The same trouble with a file, in words for pictures.
    init(_ error: CheckpointError, path: String) {
        switch error {
        case .missing: self = .missing(path: path)
        case .directory: self = .file(path: path, reason: "is a folder; a picture is needed")
        case .empty: self = .file(path: path, reason: "the file is empty")
        case .special: self = .file(path: path, reason: "is a pipe or device; a regular file is needed")
        case .unreadable(_, let reason): self = .file(path: path, reason: "cannot be read: \(reason)")
        case .uncreatable(_, let reason): self = .uncreatable(path: path, reason: reason)
        case .unwritable(_, let reason): self = .file(path: path, reason: "writing failed: \(reason)")
        default: self = .file(path: path, reason: "\(error)")
        }
    }
}
