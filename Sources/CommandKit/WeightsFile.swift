import AnimalFaces
import Checkpoints
import Foundation
import RelevanceDatabase

/// A file of weights that a command reads: named by the user, remembered by a database, or embedded.
struct WeightsFile {
    let checkpoint: Checkpoint
    let isEmbedded: Bool

    /// - Parameters:
    ///   - chosen: What the user named.
    ///   - built: What a database remembers; its name is the path at which the build found it.
    init(
        chosen: String?, embedded: AnimalFaces.Resource, builtFrom built: WeightsRecord? = nil
    ) throws {
        let remembered = built.map(\.name).flatMap { name in
            name.hasPrefix("/") && FileManager.default.isReadableFile(atPath: name) ? name : nil
        }
        let path = chosen ?? remembered
        isEmbedded = path == nil
        checkpoint = try Checkpoint.open(path: path ?? AnimalFaces.resource(embedded))
    }

    /// What a manifest remembers: the whole path, so that a query finds the file again, and the fingerprint.
    func record(classIndex: Int? = nil) throws -> WeightsRecord {
        WeightsRecord(name: name, fingerprint: try checkpoint.fingerprint, classIndex: classIndex)
    }

    private var name: String {
        if isEmbedded { return "animal-faces/" + (checkpoint.path as NSString).lastPathComponent }
        return URL(fileURLWithPath: checkpoint.path).standardizedFileURL.path
    }

    /// Throws `DatabaseError.otherWeights` unless these are the weights that a database was built from.
    func requireMatch(
        _ built: WeightsRecord, classIndex: Int? = nil, what: String, database: String
    ) throws {
        let given = try record(classIndex: classIndex)
        guard given.isSame(as: built) else {
            throw DatabaseError.otherWeights(path: database, what: what, built: built, given: given)
        }
    }
}
