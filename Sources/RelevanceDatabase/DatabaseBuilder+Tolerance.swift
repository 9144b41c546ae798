import DirectionStore
import Relevance

/// When channels get no more pairs.
extension DatabaseBuilder {
    /// What a layer gets next: images, and the places of the channels that get them where not all do.
    struct OpenWork {
        let images: Range<Int>
        let channels: [Int]?
    }

    /// What is left to do, by the layer's place: all of it or, where there is a tolerance, the images up to the next
    /// decision. Empty exactly where the build is complete.
    func openWork() throws -> [Int: OpenWork] {
        let (manifest, path) = (manifest, path)
        return try store.read { transaction in
            let done = try DatabaseTables.done(transaction, manifest, path: path)
            var open: [Int: OpenWork] = [:]
            for (layer, images) in manifest.work {
                let settled = try DatabaseTables.settled(transaction, manifest, layer: layer, path: path)
                let next = settled?.next(asked: images.upperBound) ?? images
                // A whole round that is done is still to be decided on.
                let isDecided = settled == nil || next.count < SettledChannels.imagesPerRound
                if isDecided, done[layer, default: []].count(within: next) == next.count { continue }
                open[layer] = OpenWork(images: next, channels: settled?.open)
            }
            return open
        }
    }

    /// Pairs of single channels that are still to be swept: of channels that are not known yet, all that were asked for.
    func pairsLeft() throws -> Int {
        let (manifest, path) = (manifest, path)
        let repaired = Set(manifest.placesToRepair(request.repairs))
        return try store.read { transaction in
            // What is to be repaired is swept anew.
            let done = try DatabaseTables.done(transaction, manifest, path: path).filter {
                !repaired.contains($0.key)
            }
            return try manifest.work.reduce(0) { left, work in
                let (layer, images) = (work.key, work.value)
                let open = try DatabaseTables.settled(transaction, manifest, layer: layer, path: path)?.open
                    .count
                return left + (open ?? manifest.layers[layer].channels)
                    * (images.count - done[layer, default: []].count(within: images))
            }
        }
    }

    /// Decides which channels are known, of layers whose round is done; false where there is nothing to decide.
    func settleChannels() throws -> Bool {
        guard let tolerance = manifest.tolerance else { return false }
        let (manifest, path) = (manifest, path)
        let open = try openWork()
        return try store.write { transaction in
            let done = try DatabaseTables.done(transaction.reading, manifest, path: path)
            var isAny = false
            for (layer, work) in open {
                let images = done[layer, default: []]
                guard images.count(within: work.images) == work.images.count,
                    var settled = try DatabaseTables.settled(
                        transaction.reading, manifest, layer: layer, path: path)
                else { continue }
                let sums = try DatabaseTables.sums(
                    transaction.reading, manifest, layer: layer, done: images, path: path)
                settled.decide(sums, tolerance: tolerance.angle)
                try DatabaseTables.put(settled, manifest.layers[layer], transaction)
                isAny = true
            }
            return isAny
        }
    }
}

extension [Range<Int>] {
    /// How many of some images are in these ranges, which do not overlap.
    fileprivate func count(within images: Range<Int>) -> Int {
        reduce(0) { $0 + $1.clamped(to: images).count }
    }
}

extension SweepWorker {
    /// A unit of pairs, of all channels of its layer or of some.
    func sums(
        _ unit: WorkList.Unit, channels: [Int]?, statistics: StyleStatistics
    ) throws -> [ChannelSums] {
        guard let channels else {
            return try sums(layer: unit.layers[0], images: unit.images, statistics: statistics)
        }
        return try sums(
            layer: unit.layers[0], channels: channels, images: unit.images, statistics: statistics)
    }
}
