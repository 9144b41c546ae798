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
    /// - Throws: `OptionError` where that file is not there any more and no other is named; `CheckpointError`.
    init(
        chosen: String?, embedded: AnimalFaces.Resource, builtFrom built: WeightsRecord? = nil
    ) throws {
        let remembered = built.map(\.name).flatMap { $0.hasPrefix("/") ? $0 : nil }
        if chosen == nil, let remembered, !FileManager.default.isReadableFile(atPath: remembered) {
            throw OptionError(
                "\(remembered), which the database was built from, is not there any more; name it with "
                    + (embedded == .clip ? "--clip" : "--generator"), exitStatus: .noInput)
        }
        let path = chosen ?? remembered
        isEmbedded = path == nil
        checkpoint = try Checkpoint.open(path: path ?? AnimalFaces.resource(embedded))
    }

    /// What a manifest remembers: the whole path, so that a query finds the file again, and the fingerprint.
    func record(classIndex: Int? = nil, merges: String? = nil) throws -> WeightsRecord {
        WeightsRecord(
            name: name, fingerprint: try checkpoint.fingerprint, classIndex: classIndex, merges: merges)
    }

    private var name: String {
        if isEmbedded {
            return WeightsRecord.embeddedPrefix + (checkpoint.path as NSString).lastPathComponent
        }
        return URL(fileURLWithPath: checkpoint.path).standardizedFileURL.path
    }

    /// Throws `DatabaseError.otherWeights` unless these are the weights that a database was built from.
    ///
    /// A large file is read whole for it once only: the database keeps what is known of the file.
    func requireMatch(
        _ built: WeightsRecord, classIndex: Int? = nil, what: String, database: RelevanceDatabase
    ) throws {
        guard built.isKnown else {
            guard !isEmbedded else {
                throw OptionError(
                    "\(database.path) was imported without its \(what); name it with "
                        + (what == "CLIP" ? "--clip" : "--generator"))
            }
            return
        }
        let facts = checkpoint.isOneFile ? FileFacts(path: checkpoint.path) : nil
        let given: WeightsRecord
        if let facts, let known = try database.fingerprint(of: facts) {
            given = WeightsRecord(name: name, fingerprint: known, classIndex: classIndex)
        } else {
            given = try record(classIndex: classIndex)
            if let facts { try? database.keep(fingerprint: given.fingerprint, of: facts) }
        }
        guard given.isSame(as: built) else {
            throw DatabaseError.otherWeights(
                path: database.path, what: what, built: built, given: given)
        }
    }
}
