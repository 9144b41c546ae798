import ArgumentParser
import CommandKit
import Editing
import Vocabulary

/// What a mapper is trained with, and for how long.
struct MapperOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Steps of the optimiser. The published mappers took 50000.")
    var steps = 6000

    @Option(parsing: .unconditional, help: "Faces a step. The published mappers took 2.")
    var batch = 2

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The learning rate of the optimiser. Published: 0.5.", valueName: "η"))
    var learningRate: Float = 0.5

    @Option(
        name: .customLong("l2"), parsing: .unconditional,
        help: ArgumentHelp(
            "How much a step's mean square counts beside the phrase. Published: 0.8.", valueName: "λ"))
    var distanceWeight: Float = 0.8

    @Flag(help: "Leave the w's of the coarse layers alone, the first four.")
    var noCoarse = false

    @Flag(help: "Leave the w's of the medium layers alone, the next four.")
    var noMedium = false

    @Flag(help: "Leave the w's of the fine layers alone, the others.")
    var noFine = false

    @Option(parsing: .unconditional, help: "The seed of the faces and of the first weights.")
    var seed: UInt32 = 0

    @Option(parsing: .unconditional, help: ArgumentHelp("Truncation ψ of the faces.", valueName: "ψ"))
    var truncation: Float = 0.7

    /// - Throws: `MapperError.setting`.
    func settings(phrase: String, templates: [Template]) throws -> MapperSettings {
        let left: [(MapperLevel, Bool)] = [(.coarse, noCoarse), (.medium, noMedium), (.fine, noFine)]
        return try MapperSettings(
            phrase: phrase, templates: templates.map(\.text), levels: left.filter { !$0.1 }.map(\.0),
            learningRate: learningRate, distanceWeight: distanceWeight, batch: batch, seed: seed,
            truncation: truncation)
    }

    func validate() throws {
        guard (1...1 << 30).contains(steps) else {
            throw ValidationError("--steps is \(steps); it must be from 1 to \(1 << 30)")
        }
    }
}
