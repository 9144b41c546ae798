import AnimalFaces
import CLIP
import Checkpoints
import Foundation
import QuestionKit
import RelevanceDatabase

extension CLIPOptions {
    /// CLIP with what a manifest remembers of its file.
    /// - Throws: `CLIPError`, `CheckpointError`, `AnimalFacesError`, `OptionError` without merges.
    public func open() throws -> (model: CLIPModel, record: WeightsRecord) {
        let file = try WeightsFile(chosen: clip, embedded: .clip)
        return (try model(of: file), try file.record())
    }

    /// The CLIP that a database was built with.
    /// - Throws: `DatabaseError.otherWeights` where it is another one; as `open`.
    public func open(for database: RelevanceDatabase) throws -> CLIPModel {
        let model = try model(of: file(for: database))
        // Of an imported database nobody may have said which CLIP it was made with; the width at least must fit.
        let (found, needed) = (model.configuration.dimension, database.manifest.dimension)
        guard found == needed else {
            throw OptionError(
                "--clip has embeddings of \(found) numbers where \(database.path) has \(needed): it was made with "
                    + "another CLIP", exitStatus: .badData)
        }
        return model
    }

    private func file(for database: RelevanceDatabase) throws -> WeightsFile {
        let built = database.manifest.clip
        let file = try WeightsFile(chosen: clip, embedded: .clip, builtFrom: built)
        try file.requireMatch(built, what: "CLIP", database: database)
        return file
    }

    private func model(of file: WeightsFile) throws -> CLIPModel {
        try CLIPModel(checkpoint: file.checkpoint, merges: mergesPath(for: file))
    }

    private func mergesPath(for file: WeightsFile) throws -> String {
        if let merges { return merges }
        if file.isEmbedded { return try AnimalFaces.resource(.merges) }
        let folder = URL(fileURLWithPath: file.checkpoint.path).deletingLastPathComponent().path
        let fetched = StoreLocation.folder + "/" + TokenizerSource.published
        for path in TokenizerSource.names.map({ folder + "/" + $0 }) + [fetched]
        where FileManager.default.fileExists(atPath: path) {
            return path
        }
        throw OptionError(
            "there are no merges (\(TokenizerSource.names.joined(separator: ", "))) beside "
                + "\(file.checkpoint.path); name CLIP's with --merges, or fetch OpenAI's with make clip-vocabulary",
            exitStatus: .noInput)
    }
}
