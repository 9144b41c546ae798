/// What can go wrong with the catalogue, which is never needed to answer a query.
public enum CatalogueError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no catalogue to read at the path.
    case missing(path: String)
    /// The file is not an SQLite database, or no longer one.
    case damaged(path: String, reason: String)
    /// A later version of the program has changed the tables.
    case newer(path: String)
    /// The catalogue cannot be written.
    case readOnly(path: String)
    /// The disk is full.
    case diskFull(path: String)
    /// Another program holds the catalogue for longer than one waits.
    case busy(path: String)
    /// Anything else that SQLite said.
    case system(path: String, message: String)

    public var description: String {
        switch self {
        case .missing(let path):
            "there is no catalogue at \(path); save-direction or describe-channel --all makes one"
        case .damaged(let path, let reason):
            "\(path) is damaged: \(reason); list-directions --rebuild makes it anew from the databases beside it"
        case .newer(let path): "\(path) was written by a later version of this program"
        case .readOnly(let path): "\(path) cannot be written"
        case .diskFull(let path): "the disk is full under \(path)"
        case .busy(let path): "\(path) is held by another program; try again when it has ended"
        case .system(let path, let message): "\(path): \(message)"
        }
    }
}
