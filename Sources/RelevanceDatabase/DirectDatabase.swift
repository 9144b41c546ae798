import DirectionStore
import Relevance
import Tensors

/// A database that knows one direction ∆t alone: what `DirectRelevance` found, where whoever asks a table finds it.
///
/// Its rows are R_c ∆t, so that R_c ∆t · ∆t is R_c; of any other direction it knows nothing.
public enum DirectDatabase {
    /// Makes the database in a new folder.
    /// - Parameters:
    ///   - relevance: R of every swept channel: `[C]`.
    ///   - manifest: What it was found from; its pairs are images.
    /// - Throws: `StoreError`; `RelevanceError.count` where the parts do not fit together.
    public static func write(
        path: String, relevance: [Float], along text: TextDirection, statistics: StyleStatistics,
        manifest: Manifest
    ) throws {
        guard relevance.count == manifest.sweptChannels, text.values.count == manifest.dimension else {
            throw RelevanceError.count(
                what: "relevance", found: relevance.count, expected: manifest.sweptChannels)
        }
        let shape = try Shape([relevance.count, manifest.dimension])
        let rows = try Tensor(relevance.flatMap { r in text.values.map { r * $0 } }, shape: shape)
        let table = try RelevanceTable(rows: rows)
        var manifest = manifest
        manifest.pairsDone = manifest.pairsAsked
        var record = GradientRecord()
        record.isDirect = true
        manifest.gradient = record
        let whole = manifest
        try DirectionStore.openOrCreate(path: path).write { transaction in
            try DatabaseTables.put(statistics, transaction)
            try DatabaseTables.put(table, transaction)
            try DatabaseTables.put(whole, transaction)
        }
    }
}
