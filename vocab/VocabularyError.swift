/// What can be wrong with a file of templates or words.
public enum VocabularyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A template without a place for the phrase, or with two.
    case template(text: String, places: Int)
    /// The file cannot be read.
    case unreadable(path: String, reason: String)
    /// Nothing but comments and empty lines.
    case empty(path: String)
    /// A line that is not what its file holds.
    case malformed(path: String, line: Int, reason: String)
    /// No list of that name among the embedded ones.
    case unknownList(name: String, known: [String])

    public var description: String {
        switch self {
        case .template(let text, let places):
            "the template “\(text.prefix(60))” has \(places) places for a phrase; write {} exactly once"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .empty(let path): "\(path): holds only comments and empty lines"
        case .malformed(let path, let line, let reason): "\(path), line \(line): \(reason)"
        case .unknownList(let name, let known):
            "no word list is named \(name.prefix(40)); there are \(known.joined(separator: ", "))"
        }
    }
}
