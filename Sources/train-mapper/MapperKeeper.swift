import CommandKit
import DatabaseReading
import Editing
import Glibc
import StyleGAN

/// The file in which a training is kept, so that it goes on after whatever ended it.
struct MapperKeeper {
    /// From one writing to the next: what a kill loses at most, beside the step at hand.
    static let interval = Duration.seconds(10)

    let path: String
    let generator: WeightsRecord
    let clip: WeightsRecord

    /// The training that is to go on: the file's, or a new one where there is no file.
    /// - Throws: `MapperError.otherTraining` where the file's is another one.
    func training(
        _ settings: MapperSettings, for sizes: GeneratorConfiguration
    ) throws -> MapperTraining {
        guard access(path, F_OK) == 0 else { return try MapperTraining(settings, for: sizes) }
        let file = try MapperFile(path: path)
        guard let record = file.record else {
            throw MapperError.otherTraining(
                path: path,
                reason: "StyleCLIP's code wrote it; name another --output, or --restart writes over it")
        }
        let differences = [
            ("the generator", record.generator.isSame(as: generator)), ("CLIP", record.clip.isSame(as: clip)),
            ("the phrase", record.settings.phrase == settings.phrase),
            ("--templates", record.settings.templates == settings.templates),
            ("the levels", record.settings.levels == settings.levels),
            ("--learning-rate", record.settings.learningRate == settings.learningRate),
            ("--l2", record.settings.distanceWeight == settings.distanceWeight),
            ("--batch", record.settings.batch == settings.batch),
            ("--seed", record.settings.seed == settings.seed),
            ("--truncation", record.settings.truncation == settings.truncation),
        ].filter { !$0.1 }.map(\.0)
        guard differences.isEmpty else {
            throw MapperError.otherTraining(
                path: path,
                reason:
                    "\(differences.joined(separator: ", ")) differ; name another --output, or --restart trains anew"
            )
        }
        return try file.training(for: sizes) ?? MapperTraining(settings, for: sizes)
    }

    /// Writes a training in the place of what was kept before, whole or not at all.
    func keep(_ training: MapperTraining) throws {
        try MapperFile.write(training, generator: generator, clip: clip, path: path)
    }
}
