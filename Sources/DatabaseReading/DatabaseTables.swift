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

    package static func put(_ table: RelevanceTable, _ transaction: borrowing WriteTransaction) throws {
        try transaction.put(table.rows.values, for: tableKey, in: .relevance)
    }

    private static func stepsKey(_ layer: LayerRecord) -> String { layer.name + "/steps" }

    private static func factorsKey(_ layer: LayerRecord) -> String { layer.name + "/factors" }

    /// Sets the factors of a layer's standard errors.
    package static func put(
        _ spread: RelevanceSpread, of layer: LayerRecord, _ transaction: borrowing WriteTransaction
    ) throws {
        try transaction.put(spread.steps, for: stepsKey(layer), in: .spread)
        try transaction.put(
            bytes: spread.factors.map(UInt8.init(bitPattern:)), for: factorsKey(layer), in: .spread)
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

    /// Reads the table, `[C, d]`, in place; nil where there is none.
    package static func withTable<Result>(
        _ transaction: borrowing Transaction, _ manifest: Manifest, _ body: (Span<Float>) throws -> Result
    ) throws -> Result? {
        try transaction.withFloats(
            of: tableKey, in: .relevance, count: manifest.sweptChannels * manifest.dimension, body)
    }

    /// Reads a layer's standard errors in place: steps `[c, K]` and factors `[c, K, d]`; nil where the table has none.
    /// - Throws: `DatabaseError.damaged` where they are missing, `StoreError.valueSize`.
    package static func withSpread<Result>(
        of layer: LayerRecord, _ transaction: borrowing Transaction, _ manifest: Manifest, path: String,
        _ body: (UnsafeBufferPointer<Float>, UnsafeBufferPointer<Int8>) throws -> Result
    ) throws -> Result? {
        guard let groups = manifest.imageGroups, manifest.layersDone?.contains(layer.name) != false else {
            return nil
        }
        let count = layer.channels * groups
        let (key, size) = (factorsKey(layer), count * manifest.dimension)
        guard let steps = try transaction.floats(of: stepsKey(layer), in: .spread, count: count),
            let result = try transaction.withBytes(
                of: key, in: .spread,
                { factors in
                    guard factors.byteCount == size else {
                        throw StoreError.valueSize(
                            path: path, table: .spread, key: key, found: factors.byteCount, expected: size)
                    }
                    return try factors.withUnsafeBytes { factors in
                        try steps.withUnsafeBufferPointer {
                            try body($0, factors.assumingMemoryBound(to: Int8.self))
                        }
                    }
                })
        else {
            throw DatabaseError.damaged(path: path, reason: "it has no standard errors of \(layer.name)")
        }
        return result
    }
}
