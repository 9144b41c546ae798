import DirectionStore
import Relevance

/// The store's tables in the terms of a sweep: what its keys and values mean, and the checks before they are used.
enum DatabaseTables {
    private static let manifestKey = "manifest"
    private static let tableKey = "table"
    private static let meanKey = "mean"
    private static let deviationKey = "deviation"
    private static let momentsKeys = (
        samples: "moments/samples", mean: "moments/mean", squares: "moments/squares"
    )

    private static func differencesKey(_ layer: LayerRecord) -> String { layer.name + "/differences" }

    private static func squaresKey(_ layer: LayerRecord) -> String { layer.name + "/squares" }

    /// Padded, so that keys stand in the order of images.
    private static func doneKey(_ layer: LayerRecord, firstImage: Int) -> String {
        let digits = String(firstImage)
        return layer.name + "/" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    // MARK: Manifest

    /// The manifest, or nil in a store that nothing was built into yet.
    static func manifest(_ transaction: borrowing Transaction, path: String) throws -> Manifest? {
        guard let json = try transaction.bytes(of: manifestKey, in: .manifest) else { return nil }
        return try Manifest(json: json, path: path)
    }

    static func put(_ manifest: Manifest, _ transaction: borrowing WriteTransaction) throws {
        try transaction.put(bytes: manifest.json(), for: manifestKey, in: .manifest)
    }

    // MARK: Statistics

    static func statistics(_ transaction: borrowing Transaction, _ manifest: Manifest) throws
        -> StyleStatistics?
    {
        let count = manifest.totalChannels
        guard let mean = try transaction.floats(of: meanKey, in: .statistics, count: count),
            let deviation = try transaction.floats(of: deviationKey, in: .statistics, count: count)
        else { return nil }
        return try StyleStatistics(mean: mean, deviation: deviation)
    }

    /// Sets the statistics, in place of the moments that led to them.
    static func put(_ statistics: StyleStatistics, _ transaction: borrowing WriteTransaction) throws {
        try transaction.put(statistics.mean, for: meanKey, in: .statistics)
        try transaction.put(statistics.deviation, for: deviationKey, in: .statistics)
        for key in [momentsKeys.samples, momentsKeys.mean, momentsKeys.squares] {
            try transaction.remove(key, from: .statistics)
        }
    }

    /// The moments of the samples that an interrupted build has seen.
    static func moments(_ transaction: borrowing Transaction, _ manifest: Manifest) throws -> StyleMoments? {
        let count = manifest.totalChannels
        guard let samples = try transaction.integers(of: momentsKeys.samples, in: .statistics, count: 1),
            let mean = try transaction.doubles(of: momentsKeys.mean, in: .statistics, count: count),
            let squares = try transaction.doubles(of: momentsKeys.squares, in: .statistics, count: count)
        else { return nil }
        return try StyleMoments(samples: Int(samples[0]), mean: mean, squares: squares)
    }

    static func put(_ moments: StyleMoments, _ transaction: borrowing WriteTransaction) throws {
        try transaction.put([Int64(moments.samples)], for: momentsKeys.samples, in: .statistics)
        try transaction.put(moments.mean, for: momentsKeys.mean, in: .statistics)
        try transaction.put(moments.squares, for: momentsKeys.squares, in: .statistics)
    }

    // MARK: Sums

    /// The images of each layer that are in its sums, by the layer's place in the manifest.
    static func done(
        _ transaction: borrowing Transaction, _ manifest: Manifest, path: String
    ) throws -> [Int: [Range<Int>]] {
        var done: [Int: [Range<Int>]] = [:]
        let places = Dictionary(uniqueKeysWithValues: manifest.layers.enumerated().map { ($1.name, $0) })
        let mostMarks = manifest.layers.count * Int(ChannelSums.pairLimit)
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
            guard count > 0, first <= ChannelSums.pairLimit, count <= ChannelSums.pairLimit else {
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

    /// Adds the pairs of a unit to its layer's sums, with the mark that they are in.
    static func add(
        _ sums: ChannelSums, of unit: WorkList.Unit, _ manifest: Manifest,
        _ transaction: borrowing WriteTransaction
    ) throws {
        let layer = manifest.layers[unit.layer]
        let mark = doneKey(layer, firstImage: unit.images.lowerBound)
        // Twice would be wrong, and happens only if someone ignores the builder's lock.
        guard try !transaction.reading.contains(mark, in: .done) else { return }
        try transaction.add(sums.sums, to: differencesKey(layer), in: .sums)
        try transaction.add(sums.squares, to: squaresKey(layer), in: .sums)
        try transaction.put([Int64(unit.images.count)], for: mark, in: .done)
    }

    /// The sums of all swept layers, one after another, zeros for those that were not asked for; each channel of a layer
    /// has the pairs that its marks count.
    static func sums(
        _ transaction: borrowing Transaction, _ manifest: Manifest, done: [Int: [Range<Int>]]
    ) throws -> ChannelSums {
        var all = ChannelSums(channels: manifest.sweptChannels, dimension: manifest.dimension)
        let asked = manifest.work
        var first = 0
        for (place, layer) in manifest.layers.enumerated() where layer.isSwept {
            let count = layer.channels * manifest.dimension
            let pairs = Int64(done[place, default: []].reduce(0) { $0 + $1.count })
            if asked[place] != nil,
                let sums = try transaction.integers(of: differencesKey(layer), in: .sums, count: count),
                let squares = try transaction.integers(of: squaresKey(layer), in: .sums, count: count)
            {
                let part = try ChannelSums(
                    channels: layer.channels, dimension: manifest.dimension,
                    pairs: [Int64](repeating: pairs, count: layer.channels), sums: sums, squares: squares)
                try all.merge(part, at: first)
            }
            first += layer.channels
        }
        return all
    }

    /// Sets the sums of all asked layers in a store that has none, with one mark for the images of each.
    static func put(
        _ sums: ChannelSums, _ manifest: Manifest, _ transaction: borrowing WriteTransaction
    ) throws {
        let (work, width) = (manifest.work, manifest.dimension)
        var first = 0
        for (place, layer) in manifest.layers.enumerated() where layer.isSwept {
            let numbers = first * width..<(first + layer.channels) * width
            first += layer.channels
            guard let images = work[place] else { continue }
            try transaction.put(Array(sums.sums[numbers]), for: differencesKey(layer), in: .sums)
            try transaction.put(Array(sums.squares[numbers]), for: squaresKey(layer), in: .sums)
            let mark = doneKey(layer, firstImage: images.lowerBound)
            try transaction.put([Int64(images.count)], for: mark, in: .done)
        }
    }

    // MARK: What queries read

    static func put(
        _ table: RelevanceTable, _ spread: RelevanceSpread, _ transaction: borrowing WriteTransaction
    ) throws {
        try transaction.put(table.rows.values, for: tableKey, in: .relevance)
        try transaction.put(spread.errors.values, for: tableKey, in: .spread)
    }

    /// Reads a table of `[C, d]` in place: `relevance` or `spread`.
    static func withTable<Result>(
        _ table: Table, _ transaction: borrowing Transaction, _ manifest: Manifest,
        _ body: (Span<Float>) throws -> Result
    ) throws -> Result? {
        try transaction.withFloats(
            of: tableKey, in: table, count: manifest.sweptChannels * manifest.dimension, body)
    }
}
