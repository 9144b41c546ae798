/// How bytes depart from the format they claim; the format's name comes first.
public enum FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The content is of no kind known here.
    case unrecognised
    /// The bytes end too early: `what` needs `needed` bytes and `found` are left.
    case truncated(format: String, what: String, needed: Int, found: Int)
    /// `extra` bytes follow the end of the content.
    case oversized(format: String, extra: Int)
    /// The content contradicts itself or the format; `offset` is where, in bytes, when it is known.
    case malformed(format: String, offset: Int?, reason: String)
    /// Well-formed, but of a sort that is not read here.
    case unsupported(format: String, reason: String)
    /// A pickle asks for a Python name that no tensor file needs.
    case refused(name: String, offset: Int)

    public var description: String {
        switch self {
        case .unrecognised:
            "is none of safetensors, PyTorch, pickle, npy and npz"
        case .truncated(let format, let what, let needed, let found):
            "\(format): cut short: \(what) needs \(needed) bytes where \(found) are left"
        case .oversized(let format, let extra):
            "\(format): \(extra) bytes too many after the end of the content"
        case .malformed(let format, let offset, let reason):
            "\(format): \(reason)" + (offset.map { " (at byte \($0))" } ?? "")
        case .unsupported(let format, let reason):
            "\(format): \(reason)"
        case .refused(let name, _) where name.hasPrefix("dnnlib.tflib."):
            "pickle: a TensorFlow network of NVIDIA's first releases; legacy.py of stylegan2-ada-pytorch converts it"
        case .refused(let name, let offset):
            "pickle: refused \(name) at byte \(offset): only tensors, containers, numbers and strings are read"
        }
    }
}
