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

    /// Those of a database that was begun already; nil where there is none, or it has no sketch.
    /// - Throws: `StoreError`, `DatabaseError.damaged`.
    public static func stored(path: String) throws -> SketchRequest? {
        guard StoreFolder.mayBeStore(at: path) else { return nil }
        return try DirectionStore.open(path: path).read { transaction in
            guard let manifest = try DatabaseTables.manifest(transaction, path: path),
                let record = manifest.gradient?.sketch,
                let directions = try DatabaseTables.sketch(transaction, manifest)
            else { return nil }
            return SketchRequest(record: record, directions: directions)
        }
    }
}
