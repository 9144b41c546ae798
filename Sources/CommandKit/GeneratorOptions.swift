import AnimalFaces
import ArgumentParser
import Checkpoints
import RelevanceDatabase
import StyleGAN

/// Which generator.
public struct GeneratorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The generator's weights: StyleGAN2 in NVIDIA's or rosinality's layout.",
            discussion: "A .pkl, .pt or .safetensors file. Default: the embedded animal faces.",
            valueName: "file"),
        completion: .file())
    public var generator: String?

    @Option(
        name: .customLong("class"), parsing: .unconditional,
        help: "The class to draw, of a class-conditional generator. Default: the database's.")
    public var classIndex: Int?

    public init() {}

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
