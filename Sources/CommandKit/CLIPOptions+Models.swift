import AnimalFaces
import CLIP
import Checkpoints
import Foundation
import ProgramFolder
import QuestionKit
import RelevanceDatabase

extension CLIPOptions {
    /// CLIP with what a manifest remembers of its file.
    /// - Throws: `CLIPError`, `CheckpointError`, `AnimalFacesError`, `OptionError` without merges.
    public func open() throws -> (model: CLIPModel, record: WeightsRecord) {
        let file = try WeightsFile(chosen: clip, embedded: .clip)
        let merges = merges.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
        return (try model(of: file), try file.record(merges: merges))
    }

    /// The CLIP that a database was built with.
    /// - Throws: `DatabaseError.otherWeights` where it is another one; as `open`.
    public func open(for database: RelevanceDatabase) throws -> CLIPModel {
        let model = try model(of: file(for: database), builtWith: database.manifest.clip.merges)
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

    private func model(of file: WeightsFile, builtWith merges: String? = nil) throws -> CLIPModel {
        try CLIPModel(checkpoint: file.checkpoint, merges: mergesPath(for: file, builtWith: merges))
    }

    /// Those that are named, those that a database was built with, those beside the weights, or OpenAI's.
    private func mergesPath(for file: WeightsFile, builtWith remembered: String?) throws -> String {
        if let merges { return merges }
        if file.isEmbedded { return try AnimalFaces.resource(.merges) }
        let folder = URL(fileURLWithPath: file.checkpoint.path).deletingLastPathComponent().path
        let fetched = [StoreLocation.folder, ProgramFolder.path + "/../lib/text-to-direction"]
        let paths =
            [remembered].compactMap { $0 } + TokenizerSource.names.map { folder + "/" + $0 }
            + fetched.map { $0 + "/" + TokenizerSource.published }
        if let path = paths.first(where: FileManager.default.fileExists) { return path }
        throw OptionError(
            "there are no merges (\(TokenizerSource.names.joined(separator: ", "))) beside \(file.checkpoint.path), nor "
                + "OpenAI's in \(fetched[0]), where make clip-vocabulary puts them in a checkout; name them with --merges",
            exitStatus: .noInput)
    }
}
