import DatabaseReading
import DirectionStore
import Relevance
import Tensors

/// What only a build reads and writes: moments of the statistics on their way, and sums.
extension DatabaseTables {
    private static let momentsKeys = (
        samples: "moments/samples", mean: "moments/mean", squares: "moments/squares"
    )

    private static func differencesKey(_ layer: LayerRecord, group: Int) -> String {
        "\(layer.name)/differences/\(group)"
    }

    private static func movedKey(_ layer: LayerRecord, group: Int) -> String {
        "\(layer.name)/moved/\(group)"
    }

    private static func settledKey(_ layer: LayerRecord) -> String { layer.name + "/settled" }

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
    /// - Parameter sums: Of one pair each, an image after another.
    static func add(
        _ sums: [ChannelSums], layer: LayerRecord, images: Range<Int>,
        _ transaction: borrowing WriteTransaction
    ) throws {
        let mark = doneKey(layer, firstImage: images.lowerBound)
        // Twice would be wrong, and happens only if someone ignores the builder's lock.
        guard try !transaction.reading.contains(mark, in: .done) else { return }
        for (image, sums) in zip(images, sums) {
            try add(sums, layer: layer, group: RelevanceSpread.group(ofImage: image), transaction)
        }
        try transaction.put([Int64(images.count)], for: mark, in: .done)
    }

    private static func add(
        _ sums: ChannelSums, layer: LayerRecord, group: Int, _ transaction: borrowing WriteTransaction
    ) throws {
        try transaction.add(sums.sums, to: differencesKey(layer, group: group), in: .sums)
        try transaction.add(sums.moved, to: movedKey(layer, group: group), in: .sums)
    }

    /// Forgets a layer's sums and what images are in them.
    static func removeSums(
        of layer: LayerRecord, done: [Range<Int>], _ transaction: borrowing WriteTransaction
    ) throws {
        for group in 0..<RelevanceSpread.imageGroups {
            try transaction.remove(differencesKey(layer, group: group), from: .sums)
            try transaction.remove(movedKey(layer, group: group), from: .sums)
        }
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

    /// A layer's sums by groups of images, each channel with the pairs that it got.
    static func groups(
        _ transaction: borrowing Transaction, _ manifest: Manifest, layer place: Int, done: [Range<Int>],
        path: String
    ) throws -> [ChannelSums] {
        let (layer, width) = (manifest.layers[place], manifest.dimension)
        let settled = try settled(transaction, manifest, layer: place, path: path)
        return try (0..<RelevanceSpread.imageGroups).map { group in
            let open = Int64(done.reduce(0) { $0 + $1.count(ofGroup: group) })
            // A channel that is known has its pairs from the first images.
            let pairs =
                settled?.pairs.map { $0 == 0 ? open : Int64((0..<Int($0)).count(ofGroup: group)) }
                ?? [Int64](repeating: open, count: layer.channels)
            guard
                let sums = try transaction.integers(
                    of: differencesKey(layer, group: group), in: .sums, count: layer.channels * width),
                let moved = try transaction.integers(
                    of: movedKey(layer, group: group), in: .sums, count: layer.channels)
            else {
                guard open == 0 else {
                    throw DatabaseError.damaged(path: path, reason: "sums of \(layer.name) are missing")
                }
                return ChannelSums(channels: layer.channels, dimension: width)
            }
            return try ChannelSums(
                channels: layer.channels, dimension: width, pairs: pairs, moved: moved, sums: sums)
        }
    }

    /// A layer's sums, each channel with the pairs that it got.
    static func sums(
        _ transaction: borrowing Transaction, _ manifest: Manifest, layer place: Int, done: [Range<Int>],
        path: String
    ) throws -> ChannelSums {
        try groups(transaction, manifest, layer: place, done: done, path: path).total()
    }

    /// Adds the sums of a part of a build to those of the whole, layer by layer; marks are left to whoever knows all parts.
    static func add(
        part: borrowing Transaction, _ manifest: Manifest, done: [Int: [Range<Int>]], path: String,
        _ transaction: borrowing WriteTransaction
    ) throws {
        for place in manifest.work.keys.sorted() {
            let groups = try groups(part, manifest, layer: place, done: done[place, default: []], path: path)
            for (group, sums) in groups.enumerated() where sums.completePairs > 0 {
                try add(sums, layer: manifest.layers[place], group: group, transaction)
            }
        }
    }

    /// Marks all asked images as done with one mark a layer.
    static func markAll(_ manifest: Manifest, _ transaction: borrowing WriteTransaction) throws {
        for (place, images) in manifest.work {
            let mark = doneKey(manifest.layers[place], firstImage: images.lowerBound)
            try transaction.put([Int64(images.count)], for: mark, in: .done)
        }
    }

    // MARK: The table

    /// Puts the table that queries read beside the sums that it comes from, with the manifest that says so; returns that.
    ///
    /// Layer by layer, so that all sums never are in memory at once.
    static func finish(
        _ manifest: Manifest, path: String, _ transaction: borrowing WriteTransaction
    ) throws -> Manifest {
        let done = try done(transaction.reading, manifest, path: path)
        var manifest = manifest
        manifest.pairsDone = manifest.pairsAsked
        manifest.layersDone = manifest.layersAsked
        let asked = manifest.work
        var rows = Tensor(zeros: [manifest.sweptChannels, manifest.dimension])
        var pairs: [Int] = []
        var zeroRows = 0
        for (place, layer) in manifest.layers.enumerated() where layer.isSwept {
            guard asked[place] != nil else {
                pairs += [Int](repeating: 0, count: layer.channels)
                continue
            }
            let groups = try groups(
                transaction.reading, manifest, layer: place, done: done[place, default: []], path: path)
            let total = try groups.total()
            let start = pairs.count * manifest.dimension
            rows.withUnsafeMutableValues { rows in
                RelevanceTable(sums: total).rows.withUnsafeValues { part in
                    for i in part.indices { rows[start + i] = part[i] }
                }
            }
            try put(RelevanceSpread(groups: groups), of: layer, transaction)
            pairs += total.pairs.map { Int($0) }
            zeroRows += total.moved.count { $0 == 0 }
        }
        if var record = manifest.gradient {
            record.repairedDone = record.repaired
            record.zeroRows = zeroRows
            // Of another table, or of fewer images.
            record.agreement = nil
            manifest.gradient = record
        }
        manifest.tolerance?.pairs = pairs
        try put(RelevanceTable(rows: rows), transaction)
        try put(manifest, transaction)
        return manifest
    }
}

extension Range<Int> {
    /// How many of these images are in a group.
    fileprivate func count(ofGroup group: Int) -> Int {
        func before(_ image: Int) -> Int {
            (image + RelevanceSpread.imageGroups - 1 - group) / RelevanceSpread.imageGroups
        }
        return before(upperBound) - before(lowerBound)
    }
}

extension [ChannelSums] {
    /// The sums of all groups, of which there is one at least.
    fileprivate func total() throws(RelevanceError) -> ChannelSums {
        var total = self[0]
        for sums in dropFirst() { try total.merge(sums) }
        return total
    }
}
