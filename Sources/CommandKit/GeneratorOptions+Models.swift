import AnimalFaces
import Checkpoints
import QuestionKit
import RelevanceDatabase
import StyleGAN

extension GeneratorOptions {
    /// The generator with what a manifest remembers of its file.
    /// - Throws: `CheckpointError`, `GeneratorError`, `AnimalFacesError`.
    public func open() throws -> (generator: Generator, record: WeightsRecord) {
        let file = try WeightsFile(chosen: generator, embedded: .generator)
        return (
            try Generator(checkpoint: file.checkpoint, classIndex: classIndex),
            try file.record(classIndex: classIndex)
        )
    }

    /// The generator that a database was built from.
    ///
    /// Where none is named, it is the file that the build read, if it is still there, or the embedded one.
    /// - Throws: `DatabaseError.otherWeights` where it is another one; as `open`.
    public func open(for database: RelevanceDatabase) throws -> Generator {
        let built = database.manifest.generator
        let file = try WeightsFile(chosen: generator, embedded: .generator, builtFrom: built)
        let classIndex = classIndex ?? built.classIndex
        try file.requireMatch(
            built, classIndex: classIndex, what: "generator", database: database)
        let generator = try Generator(checkpoint: file.checkpoint, classIndex: classIndex)
        guard LayerRecord.layers(of: generator).map(\.channels) == database.manifest.layers.map(\.channels)
        else {
            throw OptionError(
                "\(file.checkpoint.path) has other layers than the generator that \(database.path) is of",
                exitStatus: .badData)
        }
        return generator
    }
}
