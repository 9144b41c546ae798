import Foundation
import GRDB

/// What a store's folder holds and how it was made: one `catalogue.sqlite` beside the databases.
///
/// It is a convenience: every fact about a database is in the database's manifest too, so that a lost catalogue loses
/// no vector (`reconcile` makes it anew), and a database that was deleted is only a row to forget.
public final class Catalogue: Sendable {
    /// The catalogue's file.
    public let path: String
    private let folder: String
    private let queue: DatabaseQueue

    /// Opens the catalogue of a folder, and makes it where there is none.
    ///
    /// - Parameter isReadOnly: Nothing is made or changed, for a folder that cannot be written.
    /// - Throws: `CatalogueError`.
    public init(folder: String, isReadOnly: Bool = false) throws(CatalogueError) {
        self.folder = folder
        let path = folder + "/catalogue.sqlite"
        self.path = path
        queue = try Self.translated(path) {
            if isReadOnly, !FileManager.default.fileExists(atPath: path) {
                throw CatalogueError.missing(path: path)
            }
            var configuration = Configuration()
            configuration.readonly = isReadOnly
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let migrator = CatalogueMigrations.migrator
            if try queue.read(migrator.hasBeenSuperseded) { throw CatalogueError.newer(path: path) }
            if !isReadOnly { try migrator.migrate(queue) }
            return queue
        }
    }

    /// Reads all of it.
    /// - Throws: `CatalogueError.damaged` where a page or a row is not what it should be.
    public func check() throws(CatalogueError) {
        let path = path
        try read { connection in
            let found = try String.fetchAll(connection, sql: "PRAGMA quick_check(1)")
            guard found == ["ok"] else {
                throw CatalogueError.damaged(path: path, reason: found.first ?? "it cannot be checked")
            }
            _ = try DatabaseRecord.fetchAll(connection)
            _ = try SavedDirection.fetchAll(connection)
            _ = try ChannelLabel.fetchAll(connection)
        }
    }

    // MARK: Databases

    /// Adds a database, or puts it in the place of what was known of its identity or its folder.
    public func record(_ database: DatabaseRecord) throws(CatalogueError) {
        try write { connection in try Self.record(database, connection) }
    }

    /// Every known database whose folder is still there, by folder.
    public func databases() throws(CatalogueError) -> [DatabaseRecord] {
        try read { try DatabaseRecord.order(Column("folder")).fetchAll($0) }.filter(isPresent)
    }

    /// The database in a folder, relative to the catalogue's, if it is known and still there.
    public func database(in folder: String) throws(CatalogueError) -> DatabaseRecord? {
        let record = try read { try DatabaseRecord.filter(Column("folder") == folder).fetchOne($0) }
        return record.flatMap { isPresent($0) ? $0 : nil }
    }

    /// Forgets the databases whose folders are gone, and tells which they were.
    @discardableResult
    public func forgetMissing() throws(CatalogueError) -> [DatabaseRecord] {
        let isPresent = self.isPresent
        return try write { connection in
            let gone = try DatabaseRecord.order(Column("folder")).fetchAll(connection).filter {
                !isPresent($0)
            }
            for record in gone { _ = try record.delete(connection) }
            return gone
        }
    }

    /// Makes the catalogue say what the manifests say: these databases, and no other.
    public func reconcile(with databases: [DatabaseRecord]) throws(CatalogueError) {
        try write { connection in
            let identities = Set(databases.map(\.identity))
            for known in try DatabaseRecord.fetchAll(connection) where !identities.contains(known.identity) {
                _ = try known.delete(connection)
            }
            for database in databases { try Self.record(database, connection) }
        }
    }

    private static func record(_ database: DatabaseRecord, _ connection: Database) throws {
        // Another build in the same folder has taken the old one's place.
        try DatabaseRecord.filter(
            Column("folder") == database.folder && Column("identity") != database.identity.text
        )
        .deleteAll(connection)
        try database.upsert(connection)
    }

    private func isPresent(_ database: DatabaseRecord) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/" + database.folder + "/data.mdb")
    }

    // MARK: Saved directions

    /// Saves a direction under its name, in the place of one of that name.
    @discardableResult
    public func save(_ direction: SavedDirection) throws(CatalogueError) -> SavedDirection {
        try write { connection in
            var direction = direction
            if let database = direction.database, try !DatabaseRecord.exists(connection, key: database.text) {
                direction.database = nil
            }
            try SavedDirection.filter(Column("name") == direction.name).deleteAll(connection)
            try direction.insert(connection)
            return direction
        }
    }

    /// The direction of a name.
    public func direction(named name: String) throws(CatalogueError) -> SavedDirection? {
        try read { try SavedDirection.filter(Column("name") == name).fetchOne($0) }
    }

    /// The directions whose name, phrase or note holds words that begin with all those of `text`, the best match
    /// first; all of them where `text` has no word.
    public func directions(matching text: String = "") throws(CatalogueError) -> [SavedDirection] {
        let words = Self.searchWords(text)
        return try read { connection in
            guard !words.isEmpty else { return try SavedDirection.order(Column("name")).fetchAll(connection) }
            return try SavedDirection.fetchAll(
                connection,
                sql: """
                    SELECT direction.* FROM direction JOIN direction_search ON direction_search.rowid = direction.id
                    WHERE direction_search MATCH ? ORDER BY direction_search.rank, direction.name
                    """, arguments: [words.joined(separator: " ")])
        }
    }

    /// Removes the direction of a name; false where there was none.
    @discardableResult
    public func removeDirection(named name: String) throws(CatalogueError) -> Bool {
        try write { try SavedDirection.filter(Column("name") == name).deleteAll($0) > 0 }
    }

    // MARK: Labels

    /// Sets the labels of a database's channels, in place of those it had.
    public func setLabels(_ labels: [ChannelLabel], of database: UUID) throws(CatalogueError) {
        try write { connection in
            try ChannelLabel.filter(Column("database") == database.text).deleteAll(connection)
            for label in labels { try label.insert(connection) }
        }
    }

    /// Whether a database's channels have been labelled.
    public func hasLabels(of database: UUID) throws(CatalogueError) -> Bool {
        try read { try !ChannelLabel.filter(Column("database") == database.text).isEmpty($0) }
    }

    /// The labels of a database's channels that hold words which begin with all those of `text`, the largest |R| first.
    public func labels(
        of database: UUID, matching text: String, limit: Int
    ) throws(CatalogueError) -> [ChannelLabel] {
        let words = Self.searchWords(text)
        guard !words.isEmpty else { return [] }
        return try read { connection in
            try ChannelLabel.fetchAll(
                connection,
                sql: """
                    SELECT label.* FROM label JOIN label_search ON label_search.rowid = label.id
                    WHERE label_search MATCH ? AND label.database = ?
                    ORDER BY abs(label.relevance) DESC, label.id LIMIT ?
                    """, arguments: [words.joined(separator: " "), database.text, limit])
        }
    }

    /// Words in quotes are no syntax to FTS5, whatever they are; each is found by its beginning.
    private static func searchWords(_ text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber) }.prefix(32).map { "\"\($0)\"*" }
    }

    // MARK: Access

    private func read<Result>(_ body: (Database) throws -> Result) throws(CatalogueError) -> Result {
        try Self.translated(path) { try queue.read(body) }
    }

    private func write<Result>(_ body: (Database) throws -> Result) throws(CatalogueError) -> Result {
        try Self.translated(path) { try queue.write(body) }
    }

    private static func translated<Result>(
        _ path: String, _ body: () throws -> Result
    ) throws(CatalogueError) -> Result {
        do {
            return try body()
        } catch let error as CatalogueError {
            throw error
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_SCHEMA:
                throw .damaged(path: path, reason: error.message ?? "\(error.resultCode)")
            case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM: throw .readOnly(path: path)
            case .SQLITE_FULL: throw .diskFull(path: path)
            case .SQLITE_BUSY, .SQLITE_LOCKED: throw .busy(path: path)
            default: throw .system(path: path, message: error.description)
            }
        } catch is RowDecodingError {
            throw .damaged(path: path, reason: "a row holds an invalid value")
        } catch is DecodingError {
            throw .damaged(path: path, reason: "a row holds an invalid value")
        } catch {
            throw .system(path: path, message: "\(error)")
        }
    }
}

extension UUID {
    /// As `DatabaseRecord` and `SavedDirection` store it.
    fileprivate var text: String { uuidString.lowercased() }
}
