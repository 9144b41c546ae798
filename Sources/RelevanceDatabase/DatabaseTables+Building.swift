import DatabaseReading
import DirectionStore
import Relevance

/// What only a build reads and writes: moments of the statistics on their way, and sums.
extension DatabaseTables {
    private static let momentsKeys = (
        samples: "moments/samples", mean: "moments/mean", squares: "moments/squares"
    )

    private static func differencesKey(_ layer: LayerRecord) -> String { layer.name + "/differences" }

    private static func settledKey(_ layer: LayerRecord) -> String { layer.name + "/settled" }

    private static func squaresKey(_ layer: LayerRecord) -> String { layer.name + "/squares" }

    /// Padded, so that keys stand in the order of images.
    private static func doneKey(_ layer: LayerRecord, firstImage: Int) -> String {
        let digits = String(firstImage)
        return layer.name + "/" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    // MARK: Statistics

    /// Sets the statistics, in place of the moments that led to them.
    package static func put(_ statistics: StyleStatistics, _ transaction: borrowing WriteTransaction) throws {
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

    /// Adds a layer's pairs of some images to its sums, with the mark that they are in.
    static func add(
        _ sums: ChannelSums, layer: LayerRecord, images: Range<Int>,
        _ transaction: borrowing WriteTransaction
    ) throws {
        let mark = doneKey(layer, firstImage: images.lowerBound)
        // Twice would be wrong, and happens only if someone ignores the builder's lock.
        guard try !transaction.reading.contains(mark, in: .done) else { return }
        try transaction.add(sums.sums, to: differencesKey(layer), in: .sums)
        try transaction.add(sums.squares, to: squaresKey(layer), in: .sums)
        try transaction.put([Int64(images.count)], for: mark, in: .done)
    }

    /// Forgets a layer's sums and what images are in them.
    static func removeSums(
        of layer: LayerRecord, done: [Range<Int>], _ transaction: borrowing WriteTransaction
    ) throws {
        try transaction.remove(differencesKey(layer), from: .sums)
        try transaction.remove(squaresKey(layer), from: .sums)
        for images in done {
            try transaction.remove(doneKey(layer, firstImage: images.lowerBound), from: .done)
        }
    }

    /// Which channels of a layer are known, where the build has a tolerance.
    static func settled(
        _ transaction: borrowing Transaction, _ manifest: Manifest, layer place: Int, path: String
    ) throws -> SettledChannels? {
        guard manifest.tolerance != nil else { return nil }
        let layer = manifest.layers[place]
        guard
            let stored = try transaction.integers(
                of: settledKey(layer), in: .sums, count: 1 + layer.channels)
        else { return SettledChannels(channels: layer.channels) }
        guard let settled = SettledChannels(stored: stored) else {
            throw DatabaseError.damaged(path: path, reason: "'\(settledKey(layer))' says no channels' pairs")
        }
        return settled
    }

    static func put(
        _ settled: SettledChannels, _ layer: LayerRecord, _ transaction: borrowing WriteTransaction
    ) throws {
        try transaction.put(settled.stored, for: settledKey(layer), in: .sums)
    }

    /// A layer's sums, each channel with the pairs that it got; nil where it has none yet.
    static func sums(
        _ transaction: borrowing Transaction, _ manifest: Manifest, layer place: Int, done: [Range<Int>],
        path: String
    ) throws -> ChannelSums? {
        let layer = manifest.layers[place]
        let count = layer.channels * manifest.dimension
        let images = done.reduce(0) { $0 + $1.count }
        let pairs =
            try settled(transaction, manifest, layer: place, path: path)?.counts(open: images)
            ?? [Int64](repeating: Int64(images), count: layer.channels)
        guard let sums = try transaction.integers(of: differencesKey(layer), in: .sums, count: count),
            let squares = try transaction.integers(of: squaresKey(layer), in: .sums, count: count)
        else { return nil }
        return try ChannelSums(
            channels: layer.channels, dimension: manifest.dimension, pairs: pairs, sums: sums,
            squares: squares)
    }

    /// The sums of all swept layers, one after another, zeros for those that were not asked for; each channel of a layer
    /// has the pairs that its marks count, or those after which it was known.
    static func sums(
        _ transaction: borrowing Transaction, _ manifest: Manifest, done: [Int: [Range<Int>]], path: String
    ) throws -> ChannelSums {
        var all = ChannelSums(channels: manifest.sweptChannels, dimension: manifest.dimension)
        let asked = manifest.work
        var first = 0
        for (place, layer) in manifest.layers.enumerated() where layer.isSwept {
            if asked[place] != nil,
                let part = try sums(
                    transaction, manifest, layer: place, done: done[place, default: []], path: path)
            {
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
}
