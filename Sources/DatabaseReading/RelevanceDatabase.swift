import DirectionStore
import Directions
import FoundationEssentials
import Tensors

/// A finished database, open for queries: relevance is one product over the mapped table.
public final class RelevanceDatabase: Sendable {
    /// Phrases whose embeddings are kept at most; one more is not kept.
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

    // MARK: What queries keep

    /// Embeddings belong to one CLIP; where an import did not say which, any may be named in turn.
    private var keepsEmbeddings: Bool { manifest.clip.isKnown }

    /// A phrase's embedding that `keep` has kept, so that the text encoder need not be loaded: `[d]`, unit norm.
    /// - Throws: `StoreError.valueSize`; `RelevanceError.value` where it is no direction.
    public func embedding(_ key: TextKey) throws -> [Float]? {
        guard keepsEmbeddings, let key = key.stored,
            let values = try store.read({
                try $0.floats(of: key, in: .text, count: manifest.dimension)
            })
        else { return nil }
        _ = try TextDirection(values)
        return values
    }

    /// Keeps phrases' embeddings, where the database was opened to keep text, can be written and has room.
    public func keep(_ embeddings: [(key: TextKey, values: [Float])]) throws {
        guard keepsEmbeddings else { return }
        try keep { transaction in
            var room = try Self.textLimit - transaction.reading.count(of: .text)
            for (key, values) in embeddings {
                guard let key = key.stored, values.count == manifest.dimension, room > 0 else { continue }
                try transaction.put(values, for: key, in: .text)
                room -= 1
            }
        }
    }

    /// The fingerprint of a file of weights that was read before and has not changed since.
    public func fingerprint(of file: FileFacts) throws -> String? {
        let json = try store.read { try $0.bytes(of: Self.key(of: file), in: .manifest) }
        guard let json, json.count <= 4096,
            let known = try? JSONDecoder().decode(KnownFile.self, from: Data(json)), known.facts == file
        else { return nil }
        return known.fingerprint
    }

    /// Keeps a file's fingerprint, so that the next command need not read the whole file.
    ///
    /// Does nothing for a file that was changed just now: a change in the same tick of its clock would go unseen.
    public func keep(fingerprint: String, of file: FileFacts) throws {
        guard file.isSettled else { return }
        let json = try JSONEncoder().encode(KnownFile(facts: file, fingerprint: fingerprint))
        try keep { try $0.put(bytes: json, for: Self.key(of: file), in: .manifest) }
    }

    private struct KnownFile: Codable {
        let facts: FileFacts
        let fingerprint: String
    }

    private static func key(of file: FileFacts) -> String { "weights/\(file.device)-\(file.file)" }

    /// What is kept is a convenience that a read-only database goes without.
    private func keep(_ body: (borrowing WriteTransaction) throws -> Void) throws {
        do { try store.write(body) } catch StoreError.readOnly {}
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
