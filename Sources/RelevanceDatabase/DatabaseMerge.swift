import DirectionStore
import Foundation
import Relevance

/// The parts of a build that was shared out, put together: the same bits as one build of all.
public struct DatabaseMerge {
    /// A part as it lies in its folder.
    private struct Part {
        let path: String
        let shard: BuildShard
        let manifest: Manifest
        let statistics: StyleStatistics
        let done: [Int: [Range<Int>]]
    }

    /// The manifest of what the parts make.
    public let manifest: Manifest
    private let parts: [Part]

    /// Reads the parts and checks that they belong together.
    ///
    /// - Parameter paths: Their folders, in any order.
    /// - Throws: `DatabaseError.parts` that names what does not fit: other weights or settings, a part that is missing,
    ///   there twice or not finished; `StoreError`.
    public init(parts paths: [String], toolVersion: String) throws {
        parts = try paths.map(Self.part).sorted { $0.shard.index < $1.shard.index }
        guard let first = parts.first else { throw DatabaseError.parts(reason: "none was named") }
        for part in parts.dropFirst() { try Self.requireSameBuild(first, part) }
        try Self.requireEveryPartOnce(parts)
        var manifest = first.manifest.whole(toolVersion: toolVersion)
        try Self.requireEveryImageOnce(parts, manifest)
        manifest.add(instructionSets: parts.flatMap { $0.manifest.instructionSets ?? [] })
        self.manifest = manifest
    }

    /// Makes the database in a folder, in one transaction.
    ///
    /// - Throws: `DatabaseError.occupied` where there is one already; `StoreError`.
    public func run(into path: String) throws {
        // Sums, factors and the table at once, so that no attempt is given up for a larger map.
        let size = manifest.sweptChannels * manifest.dimension * (9 * RelevanceSpread.imageGroups + 4)
        let store = try DirectionStore.openOrCreate(path: path, mapSize: .init(initial: size + (64 << 20)))
        let lock = try BuilderLock(store: path)
        defer { withExtendedLifetime(lock) {} }
        guard try store.read({ try DatabaseTables.manifest($0, path: path) }) == nil else {
            throw DatabaseError.occupied(path: path)
        }
        let sources = try parts.map { try (part: $0, store: DirectionStore.open(path: $0.path)) }
        try store.write { transaction in
            try DatabaseTables.put(parts[0].statistics, transaction)
            for (part, store) in sources {
                try store.read { reading in
                    try DatabaseTables.add(
                        part: reading, part.manifest, done: part.done, path: part.path, transaction)
                }
            }
            try DatabaseTables.markAll(manifest, transaction)
            _ = try DatabaseTables.finish(manifest, path: path, transaction)
        }
    }

    private static func part(at path: String) throws -> Part {
        let store = try DirectionStore.open(path: path)
        return try store.read { transaction in
            guard let manifest = try DatabaseTables.manifest(transaction, path: path) else {
                throw StoreError.missing(path: path)
            }
            try manifest.requireGroups(path: path)
            guard let shard = manifest.shard else {
                throw DatabaseError.parts(reason: "\(path) is a whole database, not a part of one")
            }
            let done = try DatabaseTables.done(transaction, manifest, path: path)
            let progress = manifest.progress(done)
            guard progress.done == progress.asked,
                let statistics = try DatabaseTables.statistics(transaction, manifest)
            else {
                throw DatabaseError.parts(
                    reason:
                        "\(path) (part \(shard)) has \(progress.done) of its \(progress.asked) images; run its "
                        + "build-relevance command again to finish it")
            }
            return Part(path: path, shard: shard, manifest: manifest, statistics: statistics, done: done)
        }
    }

    private static func requireSameBuild(_ one: Part, _ other: Part) throws(DatabaseError) {
        let (left, right) = (one.manifest, other.manifest)
        let rows: [(String, Bool)] = [
            ("the generator", left.generator.isSame(as: right.generator)),
            ("CLIP", left.clip.isSame(as: right.clip)),
            ("the settings", left.settings == right.settings && left.precision == right.precision),
            ("the layers", left.layers == right.layers && left.dimension == right.dimension),
            ("the layers asked for", left.layersAsked == right.layersAsked),
            (
                "the method",
                left.method == right.method && left.gradient?.sketch == right.gradient?.sketch
                    && left.gradient?.repaired == right.gradient?.repaired
            ),
            ("the number of pairs", left.pairsAsked == right.pairsAsked),
            ("the number of parts", one.shard.count == other.shard.count),
            ("the statistics of styles", one.statistics == other.statistics),
        ]
        if let difference = rows.first(where: { !$0.1 }) {
            throw .parts(reason: "\(difference.0) of \(other.path) differ from those of \(one.path)")
        }
    }

    private static func requireEveryPartOnce(_ parts: [Part]) throws(DatabaseError) {
        for (one, other) in zip(parts, parts.dropFirst()) where one.shard == other.shard {
            throw .parts(reason: "\(one.path) and \(other.path) are both part \(one.shard)")
        }
        let there = Set(parts.map(\.shard.index))
        let missing = (1...parts[0].shard.count).filter { !there.contains($0) }
        guard missing.isEmpty else {
            let names = missing.prefix(5).map { "\($0)/\(parts[0].shard.count)" }.joined(separator: ", ")
            throw .parts(reason: "part \(names)\(missing.count > 5 ? " and others" : "") is missing")
        }
    }

    /// Whatever the parts call themselves: their marks must cover every image of every layer exactly once.
    private static func requireEveryImageOnce(_ parts: [Part], _ whole: Manifest) throws(DatabaseError) {
        for (layer, images) in whole.work {
            var position = images.lowerBound
            for range in parts.flatMap({ $0.done[layer, default: []] }).sorted(by: {
                $0.lowerBound < $1.lowerBound
            }) {
                guard range.lowerBound == position else {
                    throw .parts(
                        reason:
                            "image \(min(position, range.lowerBound)) of layer \(whole.layers[layer].name) is "
                            + (range.lowerBound < position ? "in two of them" : "in none of them"))
                }
                position = range.upperBound
            }
            guard position == images.upperBound else {
                throw .parts(
                    reason: "image \(position) of layer \(whole.layers[layer].name) is in none of them")
            }
        }
    }
}
