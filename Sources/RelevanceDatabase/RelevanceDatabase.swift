import DirectionStore
import Relevance
import Tensors

/// A finished database, open for queries: relevance is one product over the mapped table.
public final class RelevanceDatabase: Sendable {
    /// Text directions kept at most; one more is not kept.
    public static let textLimit = 10_000

    public let manifest: Manifest
    /// Where the table's rows stand in the style code.
    public let channels: SweptChannels
    /// μ and σ of every style channel.
    public let statistics: StyleStatistics
    /// The database's folder.
    public var path: String { store.path }

    private let store: DirectionStore

    /// Opens a database whose table is complete; it may be growing meanwhile, and is read as it was before.
    ///
    /// - Parameter keepsText: Whether `keep` may write; where the folder is read-only, it does nothing.
    /// - Throws: `DatabaseError.unfinished`, `.damaged`, `.formatVersion`; `StoreError`.
    public init(path: String, keepsText: Bool = false) throws {
        store = try Self.opened(path, writable: keepsText)
        let found = try store.read { transaction -> (Manifest, StyleStatistics) in
            guard let manifest = try DatabaseTables.manifest(transaction, path: path) else {
                throw StoreError.missing(path: path)
            }
            let statistics = try DatabaseTables.statistics(transaction, manifest)
            guard manifest.pairsDone > 0 else {
                if let shard = manifest.shard { throw DatabaseError.part(path: path, shard: shard) }
                let progress = try manifest.progress(
                    DatabaseTables.done(transaction, manifest, path: path))
                throw DatabaseError.unfinished(
                    path: path, pairsDone: progress.done, pairsAsked: progress.asked)
            }
            guard let statistics else {
                throw DatabaseError.damaged(path: path, reason: "it has no statistics")
            }
            for table in [Table.relevance, .spread]
            where try DatabaseTables.withTable(table, transaction, manifest, { _ in }) == nil {
                throw DatabaseError.damaged(path: path, reason: "it has no table '\(table.rawValue)'")
            }
            return (manifest, statistics)
        }
        manifest = found.0
        statistics = found.1
        channels = try found.0.channels()
    }

    private static func opened(_ path: String, writable: Bool) throws -> DirectionStore {
        guard writable, StoreFolder.mayBeStore(at: path) else { return try DirectionStore.open(path: path) }
        do {
            return try DirectionStore.openOrCreate(path: path)
        } catch StoreError.readOnly {
            return try DirectionStore.open(path: path)
        }
    }

    /// R_c = ∆i_c · ∆t of every swept channel, computed over the map without a copy: `[C]`.
    /// - Throws: `RelevanceError.count` where the direction is of another embedding's width.
    public func relevance(to direction: TextDirection) throws -> [Float] {
        try withTable(.relevance) { rows in
            try rows.withUnsafeBufferPointer {
                try RelevanceTable.relevance(ofRows: $0, channels: channels.count, to: direction)
            }
        }
    }

    /// About the standard error of each R_c: `[C]`.
    /// - Throws: `RelevanceError.count` where the direction is of another embedding's width.
    public func standardErrors(along direction: TextDirection) throws -> [Float] {
        try spread().standardErrors(along: direction)
    }

    /// ∆i of every swept channel, copied: for export and comparison.
    public func table() throws -> RelevanceTable {
        try RelevanceTable(rows: copied(.relevance))
    }

    /// The standard error of every number of the table, copied.
    public func spread() throws -> RelevanceSpread {
        try RelevanceSpread(errors: copied(.spread))
    }

    /// The direction in style space for a text direction: ∆s with the channels that reach the threshold β.
    /// - Throws: `RelevanceError.nothingKept` with thresholds that keep something.
    public func direction(for text: TextDirection, threshold: Float) throws -> Direction {
        try Direction(
            relevance: relevance(to: text), deviation: statistics.deviation, channels: channels,
            threshold: threshold)
    }

    // MARK: Text

    /// A text direction that `keep` has kept, so that the text encoder need not be loaded.
    public func text(_ key: TextKey) throws -> TextDirection? {
        guard let key = key.stored else { return nil }
        return try store.read { try $0.floats(of: key, in: .text, count: manifest.dimension) }
            .map { try TextDirection($0) }
    }

    /// Keeps a text direction, where the database was opened to keep text, can be written and has room.
    public func keep(_ direction: TextDirection, under key: TextKey) throws {
        guard let key = key.stored, direction.values.count == manifest.dimension else { return }
        do {
            try store.write { transaction in
                guard try transaction.reading.count(of: .text) < Self.textLimit else { return }
                try transaction.put(direction.values, for: key, in: .text)
            }
        } catch StoreError.readOnly {
            // A convenience that a read-only database goes without.
        }
    }

    // MARK: The map

    private func withTable<Result>(_ table: Table, _ body: (Span<Float>) throws -> Result) throws -> Result {
        let result = try store.read { try DatabaseTables.withTable(table, $0, manifest, body) }
        guard let result else {
            throw DatabaseError.damaged(path: path, reason: "it has no table '\(table.rawValue)'")
        }
        return result
    }

    private func copied(_ table: Table) throws -> Tensor {
        let shape = try Shape([manifest.sweptChannels, manifest.dimension])
        return try withTable(table) { numbers in
            try numbers.withUnsafeBufferPointer { try Tensor($0, shape: shape) }
        }
    }
}
