/// What can go wrong between a store on disk and its reader or builder.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is nothing at the path.
    case missing(path: String)
    /// There is something at the path, but not a store.
    case notAStore(path: String, reason: String)
    /// The store cannot be written: a read-only file system, or another's folder.
    case readOnly(path: String)
    /// The disk has no room for what was to be written.
    case diskFull(path: String)
    /// A limit on the size of files, the process's (`ulimit -f`) or the file system's.
    case fileLimit(path: String)
    /// The store outgrew the size that it was allowed.
    case mapFull(path: String, limit: Int)
    /// Another builder holds the store; `holder` is what it says of itself.
    case busy(path: String, holder: String?)
    /// The store is open for reading in this process, which can hold it open once only.
    case openForReading(path: String)
    /// The bytes on disk are not those that were written.
    case corrupted(path: String, reason: String)
    /// A value has another size than its reader needs, both in bytes.
    case valueSize(path: String, table: Table, key: String, found: Int, expected: Int)
    /// A key that LMDB cannot hold: empty, or longer than `Table.longestKey`.
    case key(table: Table, length: Int)
    /// Sums of 64-bit integers that no longer fit.
    case overflow(path: String, table: Table, key: String)
    /// Anything else that the system or LMDB said while `action` was under way.
    case system(path: String, action: String, message: String)

    public var description: String {
        switch self {
        case .missing(let path):
            "there is no store at \(path); build-relevance makes one"
        case .notAStore(let path, let reason):
            "\(path) is not a store of directions: \(reason)"
        case .readOnly(let path):
            "\(path) cannot be written; give a folder that you own on a file system that is not read-only"
        case .diskFull(let path):
            "the disk is full under \(path); make room and run the same command again: nothing finished was lost"
        case .fileLimit(let path):
            "the files under \(path) may grow no further (ulimit -f, or the file system's limit); "
                + "raise it and run the same command again: nothing finished was lost"
        case .mapFull(let path, let limit):
            "\(path) would grow beyond the \(limit) bytes that its map may have; with a larger map the same build "
                + "goes on: nothing finished was lost"
        case .busy(let path, let holder):
            "\(path) is held by another build (\(holder ?? "which left no name")); wait for it, or give another folder"
        case .openForReading(let path):
            "\(path) is open for reading in this program; close it there before building"
        case .corrupted(let path, let reason):
            "\(path) is damaged: \(reason); take it from a copy, or rebuild it with --restart"
        case .valueSize(let path, let table, let key, let found, let expected):
            "\(path): '\(key)' in table \(table.rawValue) has \(found) bytes where \(expected) are needed"
        case .key(let table, let length):
            "a key of \(length) bytes does not fit table \(table.rawValue); keys have 1 to \(Table.longestKey) bytes"
        case .overflow(let path, let table, let key):
            "\(path): the sums of '\(key)' in table \(table.rawValue) exceed 64 bits; the store is damaged"
        case .system(let path, let action, let message):
            "\(path): \(action): \(message)"
        }
    }
}
