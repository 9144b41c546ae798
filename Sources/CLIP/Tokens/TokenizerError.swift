import Checkpoints

/// Why a tokenizer cannot be made, or a text not be given to CLIP.
public enum TokenizerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file of merges cannot be read.
    case file(CheckpointError)
    /// A line of the file of merges is not a merge.
    case malformed(path: String, line: Int, reason: String)
    /// A compressed file that cannot be expanded.
    case compression(path: String, reason: String)
    /// Fewer merges than the vocabulary has room for; both are numbers of tokens.
    case vocabulary(path: String, found: Int, expected: Int)
    /// A text of more tokens, its two marks included, than the context holds.
    case tooLong(text: String, tokens: Int, limit: Int)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .malformed(let path, let line, let reason): "\(path), line \(line): \(reason)"
        case .compression(let path, let reason): "\(path): cannot be expanded: \(reason)"
        case .vocabulary(let path, let found, let expected):
            "\(path): makes a vocabulary of \(found) tokens where the model has \(expected)"
        case .tooLong(let text, let tokens, let limit):
            "“\(text.prefix(40))\(text.count > 40 ? "…" : "")” takes \(tokens) tokens where this CLIP reads at most \(limit)"
        }
    }
}
