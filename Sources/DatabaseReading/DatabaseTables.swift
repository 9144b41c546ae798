import DirectionStore
import Directions
import Tensors

/// The store's tables in the terms of a sweep: what its keys and values mean, and the checks before they are used.
package enum DatabaseTables {
    private static let manifestKey = "manifest"
    private static let tableKey = "table"
    package static let meanKey = "mean"
    package static let deviationKey = "deviation"
    // MARK: Manifest

    /// The manifest, or nil in a store that nothing was built into yet.
    package static func manifest(_ transaction: borrowing Transaction, path: String) throws -> Manifest? {
        guard let json = try transaction.bytes(of: manifestKey, in: .manifest) else { return nil }
        return try Manifest(json: json, path: path)
    }

    package static func put(_ manifest: Manifest, _ transaction: borrowing WriteTransaction) throws {
        try transaction.put(bytes: manifest.json(), for: manifestKey, in: .manifest)
    }

    // MARK: Statistics

    package static func statistics(_ transaction: borrowing Transaction, _ manifest: Manifest) throws
        -> StyleStatistics?
    {
        let count = manifest.totalChannels
        guard let mean = try transaction.floats(of: meanKey, in: .statistics, count: count),
            let deviation = try transaction.floats(of: deviationKey, in: .statistics, count: count)
        else { return nil }
        return try StyleStatistics(mean: mean, deviation: deviation)
    }

    // MARK: Marks of done work

    /// The images of each layer that are in its sums, by the layer's place in the manifest.
    package static func done(
        _ transaction: borrowing Transaction, _ manifest: Manifest, path: String
    ) throws -> [Int: [Range<Int>]] {
        var done: [Int: [Range<Int>]] = [:]
        let places = Dictionary(uniqueKeysWithValues: manifest.layers.enumerated().map { ($1.name, $0) })
        let mostMarks = manifest.layers.count * Int(SweepSettings.pairLimit)
        guard try transaction.count(of: .done) <= mostMarks else {
            throw DatabaseError.damaged(path: path, reason: "it has more marks of done work than work")
        }
        try transaction.forEach(in: .done) { key, value in
            let parts = key.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let layer = places[String(parts[0])], manifest.layers[layer].isSwept,
                let first = Int(parts[1]), first >= 0, value.byteCount == 8
            else {
                throw DatabaseError.damaged(
                    path: path, reason: "done work '\(key.prefix(80))' is none of its own")
            }
            let count = Int64(littleEndian: value.unsafeLoadUnaligned(as: Int64.self))
            guard count > 0, first <= SweepSettings.pairLimit, count <= SweepSettings.pairLimit else {
                throw DatabaseError.damaged(path: path, reason: "done work '\(key)' has \(count) images")
            }
            done[layer, default: []].append(first..<first + Int(count))
        }
        for (layer, ranges) in done {
            let ordered = ranges.sorted { $0.lowerBound < $1.lowerBound }
            for (left, right) in zip(ordered, ordered.dropFirst()) where left.overlaps(right) {
                throw DatabaseError.damaged(
                    path: path, reason: "images \(right) of \(manifest.layers[layer].name) were done twice")
            }
        }
        return done
    }

    // MARK: What queries read

    package static func put(
        _ table: RelevanceTable, _ spread: RelevanceSpread, _ transaction: borrowing WriteTransaction
    ) throws {
        try transaction.put(table.rows.values, for: tableKey, in: .relevance)
        try transaction.put(spread.errors.values, for: tableKey, in: .spread)
    }

    private static let sketchKey = "sketch"

    package static func put(sketch: Tensor, _ transaction: borrowing WriteTransaction) throws {
        try transaction.put(sketch.values, for: sketchKey, in: .relevance)
    }

    /// The directions along which derivatives were taken, `[K, d]`; nil where they were taken along all.
    package static func sketch(_ transaction: borrowing Transaction, _ manifest: Manifest) throws -> Tensor? {
        guard let record = manifest.gradient?.sketch else { return nil }
        let shape = try Shape([record.directions, manifest.dimension])
        return try transaction.floats(of: sketchKey, in: .relevance, count: shape.count)
            .map { try Tensor($0, shape: shape) }
    }

    /// Reads a table of `[C, d]` in place: `relevance` or `spread`.
    package static func withTable<Result>(
        _ table: Table, _ transaction: borrowing Transaction, _ manifest: Manifest,
        _ body: (Span<Float>) throws -> Result
    ) throws -> Result? {
        try transaction.withFloats(
            of: tableKey, in: table, count: manifest.sweptChannels * manifest.dimension, body)
    }
}
