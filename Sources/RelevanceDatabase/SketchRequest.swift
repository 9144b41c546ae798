import DirectionStore
import Tensors

/// The directions along which a build takes derivatives, and what a manifest says of them.
public struct SketchRequest: Sendable {
    public let record: GradientRecord.Sketch
    /// Orthonormal rows, `[K, d]`.
    public let directions: Tensor

    public init(record: GradientRecord.Sketch, directions: Tensor) {
        self.record = record
        self.directions = directions
    }

    /// Those of a database that was begun already with this CLIP; nil where there is none, or it has no sketch.
    /// - Throws: `StoreError`, `DatabaseError.damaged`.
    public static func stored(path: String, clip: WeightsRecord) throws -> SketchRequest? {
        guard StoreFolder.mayBeStore(at: path) else { return nil }
        return try DirectionStore.open(path: path).read { transaction in
            guard let manifest = try DatabaseTables.manifest(transaction, path: path),
                manifest.clip.isSame(as: clip), let record = manifest.gradient?.sketch,
                let directions = try DatabaseTables.sketch(transaction, manifest)
            else { return nil }
            return SketchRequest(record: record, directions: directions)
        }
    }
}

extension BuildRequest {
    /// Throws where the sums of a database are of derivatives along other directions than this request's.
    func requireSketch(in store: DirectionStore, _ manifest: Manifest) throws {
        guard let sketch, let there = try store.read({ try DatabaseTables.sketch($0, manifest) }),
            there != sketch.directions
        else { return }
        throw DatabaseError.otherSettings(
            path: store.path,
            differences: ["the sketch has other directions there, of other words or another neutral phrase"])
    }
}
