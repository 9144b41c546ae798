import Checkpoints
import DirectionStore
import Relevance
import Tensors

extension PublishedRelevance {
    /// The arithmetic that a manifest names where the sums behind a table are not known.
    public static let precision = "imported"

    /// Makes a database of the artefacts, in one transaction: it is there whole, or not at all.
    ///
    /// It answers as a built one does. It has no sums, so that no pairs can be added to it.
    /// - Parameters:
    ///   - path: The database's folder, in which no database may be.
    ///   - pairs: The images behind the table, as its makers say.
    /// - Throws: `PublishedRelevanceError` where there is a database; `StoreError`.
    public func makeDatabase(
        at path: String, generator: WeightsRecord, clip: WeightsRecord, settings: SweepSettings, pairs: Int,
        neutral: String, toolVersion: String
    ) throws {
        var manifest = Manifest(
            generator: generator, clip: clip, layers: layers, dimension: table.dimension, settings: settings,
            precision: Self.precision, neutral: neutral, toolVersion: toolVersion, pairsAsked: pairs)
        manifest.pairsDone = pairs
        if let problem = manifest.firstProblem {
            throw PublishedRelevanceError(path, "would have a manifest with \(problem)")
        }
        let store = try DirectionStore.openOrCreate(path: path)
        let lock = try BuilderLock(store: path)
        defer { withExtendedLifetime(lock) {} }
        guard try store.read({ try DatabaseTables.manifest($0, path: path) }) == nil else {
            throw PublishedRelevanceError(path, "holds a database already; name another folder with --store")
        }
        try store.write { [manifest] transaction in
            try DatabaseTables.put(manifest, transaction)
            try DatabaseTables.put(statistics, transaction)
            try DatabaseTables.put(table, transaction)
        }
    }

    /// The artefacts of a database, as the published notebooks read them: `fs3.npy` and `S_mean_std` in a folder.
    /// - Throws: `CheckpointError.unwritable`; `DatabaseError.damaged`.
    public static func write(_ database: RelevanceDatabase, folder: String) throws {
        try NumPyFile.write(database.table().rows, path: folder + "/fs3.npy")
        var end = 0
        let ranges = database.manifest.layers.map { layer in
            defer { end += layer.channels }
            return end..<end + layer.channels
        }
        try NumPyPickle.write(
            [database.statistics.mean, database.statistics.deviation].map { values in
                ranges.map { Array(values[$0]) }
            }, path: folder + "/S_mean_std")
    }
}
