import DirectionStore
import Directions

/// How sure the table's answers are.
extension RelevanceDatabase {
    /// Whether the table has standard errors; see the manifest's.
    public var hasStandardErrors: Bool { manifest.hasStandardErrors }

    /// By how many standard errors R may be off with a confidence, one-sided (`RelevanceSpread.margin`).
    public func margin(confidence: Double) -> Float {
        RelevanceSpread.margin(
            confidence: confidence, images: manifest.pairsDone, groups: manifest.imageGroups ?? 1)
    }

    /// The standard error of each R_c, to first order: `[C]`; 0 where the table has none.
    /// - Throws: `RelevanceError.count` where the direction is of another embedding's width.
    public func standardErrors(along direction: TextDirection) throws -> [Float] {
        try standardErrors(along: direction, of: Array(0..<channels.count))
    }

    /// The standard error of R_c of some swept channels, in their order; 0 where the table has none.
    /// - Throws: `RelevanceError.count` where the direction is of another embedding's width.
    public func standardErrors(along direction: TextDirection, of rows: [Int]) throws -> [Float] {
        guard direction.values.count == manifest.dimension else {
            throw RelevanceError.count(
                what: "numbers of a text direction", found: direction.values.count,
                expected: manifest.dimension)
        }
        if let stranger = rows.first(where: { !(0..<channels.count).contains($0) }) {
            throw RelevanceError.count(
                what: "rows of the relevance table, for row \(stranger)", found: channels.count,
                expected: stranger + 1)
        }
        var errors = [Float](repeating: 0, count: rows.count)
        try forEachLayer { transaction, layer, range in
            let places = rows.indices.filter { range.contains(rows[$0]) }
            guard !places.isEmpty else { return }
            let found = try DatabaseTables.withSpread(of: layer, transaction, manifest, path: path) {
                try RelevanceSpread.standardErrors(
                    of: places.map { rows[$0] - range.lowerBound }, steps: $0, factors: $1,
                    groups: manifest.imageGroups ?? 1, along: direction)
            }
            for (place, error) in zip(places, found ?? []) { errors[place] = error }
        }
        return errors
    }

    /// The factors of all standard errors, copied: for comparison. Nil where the table has none.
    public func spread() throws -> RelevanceSpread? {
        guard hasStandardErrors, let groups = manifest.imageGroups else { return nil }
        var (steps, factors) = ([Float](), [Int8]())
        try forEachLayer { transaction, layer, range in
            let found: Void? = try DatabaseTables.withSpread(of: layer, transaction, manifest, path: path) {
                steps += $0
                factors += $1
            }
            guard found == nil else { return }
            steps += [Float](repeating: 0, count: range.count * groups)
            factors += [Int8](repeating: 0, count: range.count * groups * manifest.dimension)
        }
        return try RelevanceSpread(
            groups: groups, dimension: manifest.dimension, steps: steps, factors: factors)
    }

    /// Every swept layer with its rows of the table.
    private func forEachLayer(
        _ body: (borrowing Transaction, LayerRecord, Range<Int>) throws -> Void
    ) throws {
        try store.read { transaction in
            var first = 0
            for layer in manifest.layers where layer.isSwept {
                try body(transaction, layer, first..<first + layer.channels)
                first += layer.channels
            }
        }
    }
}
