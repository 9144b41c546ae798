import DirectionStore
import Directions
import FoundationEssentials
import Tensors

/// A finished database, open for queries: relevance is one product over the mapped table.
public final class RelevanceDatabase: Sendable {
    public let manifest: Manifest
    /// Where the table's rows stand in the style code.
    public let channels: SweptChannels
    /// μ and σ of every style channel.
    public let statistics: StyleStatistics
    /// The database's folder.
    public var path: String { store.path }

    let store: DirectionStore

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
            guard try DatabaseTables.withTable(transaction, manifest, { _ in }) != nil else {
                throw DatabaseError.damaged(path: path, reason: "it has no table")
            }
            for layer in manifest.layers where layer.isSwept {
                _ = try DatabaseTables.withSpread(of: layer, transaction, manifest, path: path) { _, _ in }
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
        try withTable { rows in
            try rows.withUnsafeBufferPointer {
                try RelevanceTable.relevance(ofRows: $0, channels: channels.count, to: direction)
            }
        }
    }

    /// R of every swept channel for many directions at once: `[directions.count][C]`.
    /// - Throws: `RelevanceError.count` where a direction is of another embedding's width.
    public func relevance(to directions: [TextDirection]) throws -> [[Float]] {
        try withTable { rows in
            try rows.withUnsafeBufferPointer {
                try RelevanceTable.relevance(ofRows: $0, channels: channels.count, to: directions)
            }
        }
    }

    /// ∆i of one swept channel, copied: `[d]`.
    public func row(_ channel: Int) throws -> [Float] {
        let width = manifest.dimension
        guard (0..<channels.count).contains(channel) else {
            throw RelevanceError.count(
                what: "rows of the relevance table, for row \(channel)", found: channels.count,
                expected: channel + 1)
        }
        return try withTable { rows in
            rows.withUnsafeBufferPointer { Array($0[channel * width..<(channel + 1) * width]) }
        }
    }

    /// ∆i of every swept channel, copied: for export and comparison.
    public func table() throws -> RelevanceTable {
        let shape = try Shape([manifest.sweptChannels, manifest.dimension])
        return try RelevanceTable(
            rows: withTable { try $0.withUnsafeBufferPointer { try Tensor($0, shape: shape) } })
    }

    /// The direction in style space for a text direction with a threshold β; see the choice's.
    public func direction(for text: TextDirection, threshold: Float) throws -> Direction {
        try direction(for: text, ChannelChoice(.threshold(threshold)))
    }

    /// The direction in style space for a text direction: ∆s with the channels that a choice keeps of it, and without
    /// those that move pictures along what the text direction leaves alone (`ChannelChoice.isFree`).
    /// - Parameter relevance: R of every swept channel, where it is known already.
    /// - Throws: `RelevanceError.nothingKept`; `.nothingSure` and `.noSpread` where a confidence is asked for.
    public func direction(
        for text: TextDirection, _ choice: ChannelChoice, relevance: [Float]? = nil
    ) throws -> Direction {
        let relevance = try relevance ?? self.relevance(to: text)
        let leftAlone = try relevanceLeftAlone(by: text)
        let threshold = try choice.threshold(for: relevance, leavingAlone: leftAlone)
        func isFree(_ channel: Int) -> Bool {
            leftAlone.isEmpty || ChannelChoice.isFree(leftAlone[channel], threshold: threshold)
        }
        func direction(where isKept: (Int) -> Bool) throws -> Direction {
            let direction = try Direction(
                relevance: relevance, deviation: statistics.deviation, channels: channels,
                threshold: threshold, where: isKept)
            guard !direction.kept.isEmpty else { throw RelevanceError.nothingFree(threshold: threshold) }
            return direction
        }
        guard let confidence = choice.confidence else { return try direction(where: isFree) }
        guard hasStandardErrors else { throw RelevanceError.noSpread }
        let reached = relevance.indices.filter { abs(relevance[$0]) >= threshold && isFree($0) }
        let errors = try standardErrors(along: text, of: reached)
        let margin = margin(confidence: confidence)
        let sure = Set(
            zip(reached, errors).lazy.filter { abs(relevance[$0]) - margin * $1 >= threshold }.map(\.0))
        guard reached.isEmpty || !sure.isEmpty else {
            throw RelevanceError.nothingSure(
                threshold: threshold, confidence: confidence, reached: reached.count)
        }
        return try direction(where: sure.contains)
    }

    /// |R| of every swept channel for what a text direction leaves alone, the largest of several; empty for nothing.
    private func relevanceLeftAlone(by text: TextDirection) throws -> [Float] {
        var largest: [Float] = []
        for values in text.leavingAlone {
            let sizes = try relevance(to: TextDirection(values)).map { abs($0) }
            largest = largest.isEmpty ? sizes : zip(largest, sizes).map { max($0, $1) }
        }
        return largest
    }

    /// The share of ∆t, of the sum of squares, along which the table's derivatives were taken; nil where they were taken
    /// along the whole embedding, or the table is from pairs.
    public func shareInSketch(of direction: TextDirection) throws -> Double? {
        guard let sketch = try store.read({ try DatabaseTables.sketch($0, manifest) }),
            sketch.shape[1] == direction.values.count
        else { return nil }
        return (0..<sketch.shape[0]).reduce(0.0) { sum, row in
            let along = direction.values.indices.reduce(0.0) {
                $0 + Double(sketch[row * direction.values.count + $1]) * Double(direction.values[$1])
            }
            return sum + along * along
        }
    }

    // MARK: What queries keep

    /// The word lists that were embedded for this database, by name.
    /// - Throws: `DatabaseError.damaged` where one cannot be read.
    public func vocabulary() throws -> [EmbeddedWordList] { try records(Self.vocabularyPrefix, "word list") }

    /// The JSON values of the manifest's table whose keys begin so.
    private func records<Record: Decodable>(_ prefix: String, _ what: String) throws -> [Record] {
        var records: [Record] = []
        try store.read { transaction in
            try transaction.forEach(in: .manifest) { key, value in
                guard key.hasPrefix(prefix) else { return }
                let json = value.withUnsafeBytes { Data($0) }
                guard json.count <= 8 << 20, let record = try? JSONDecoder().decode(Record.self, from: json)
                else {
                    throw DatabaseError.damaged(path: path, reason: "its \(what) '\(key)' cannot be read")
                }
                records.append(record)
            }
        }
        return records
    }

    private func put(_ record: some Encodable, for key: String) throws {
        let json = try JSONEncoder().encode(record)
        try store.write { try $0.put(bytes: json, for: key, in: .manifest) }
    }

    static let vocabularyPrefix = "vocabulary/"
    private static let savedPrefix = "direction/"

    /// The directions that were saved from this database, by name.
    /// - Throws: `DatabaseError.damaged` where one cannot be read.
    public func savedRecipes() throws -> [SavedRecipe] { try records(Self.savedPrefix, "saved direction") }

    /// Saves a direction, in place of one of its name.
    /// - Throws: `StoreError.readOnly` where the database cannot be written.
    public func save(_ recipe: SavedRecipe) throws {
        try put(recipe, for: Self.savedPrefix + recipe.name)
    }

    /// Forgets the saved direction of a name, if there is one.
    public func removeSaved(_ name: String) throws {
        try store.write { try $0.remove(Self.savedPrefix + name, from: .manifest) }
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
    func keep(_ body: (borrowing WriteTransaction) throws -> Void) throws {
        do { try store.write(body) } catch StoreError.readOnly {}
    }

    // MARK: The map

    private func withTable<Result>(_ body: (Span<Float>) throws -> Result) throws -> Result {
        let result = try store.read { try DatabaseTables.withTable($0, manifest, body) }
        guard let result else { throw DatabaseError.damaged(path: path, reason: "it has no table") }
        return result
    }
}
