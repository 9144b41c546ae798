import AnimalFaces
import ArgumentParser
import Checkpoints
import CommandKit
import FaceJudge

@main struct SuccessTable: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "success-table",
        abstract:
            "Edit faces by a database's directions and count those that reach the phrase: a Markdown table.",
        discussion: """
            The judge is a network that reads what a face was drawn with off its picture; it saw no caption and
            chose no direction. α is chosen on other faces than those that are counted.

            Examples:
              success-table
              success-table --optimise --faces 32     optimised latents beside the directions (two minutes)
              success-table --mapper tiger.mapper.safetensors     a mapper beside its phrase's direction
            """,
        version: ProgramVersion.current)

    @Option(parsing: .unconditional, help: "Faces to count.")
    var faces = 64

    @Option(parsing: .unconditional, help: "The seed of the faces; α is chosen on those of the next seed.")
    var seed: UInt32 = 1000

    @Option(parsing: .unconditional, help: "β: channels with |R| below it are left alone.")
    var beta = DirectionOptions.defaultThreshold

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Count a mapper's edits instead; may be given again.", valueName: "file"))
    var mapper: [String] = []

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var optimisation: OptimisationOptions

    func validate() throws {
        guard (2...10_000).contains(faces) else {
            throw ValidationError("--faces is \(faces); it must be from 2 to 10000")
        }
        guard seed < .max else { throw ValidationError("--seed must be below \(UInt32.max)") }
        guard beta >= 0, beta <= 1 else { throw ValidationError("--beta is \(beta); it must be from 0 to 1") }
    }

    func run() throws {
        let database = try database.open()
        let phrases = try PhraseDirections(
            database: database, model: CLIPOptions.parse([]).open(for: database), threshold: beta)
        let generator = try GeneratorOptions.parse([]).open(for: database)
        let regressor = try FaceRegressor(
            checkpoint: Checkpoint.open(path: AnimalFaces.resource(.regressor)), batch: 32)
        let choosing = try EditTrial(generator, regressor: regressor, faces: faces, seed: seed + 1)
        let counting = try EditTrial(generator, regressor: regressor, faces: faces, seed: seed)
        if optimisation.optimise {
            return try OptimisationTable(
                optimisation, generator, CLIPOptions.parse([]).open(for: database), phrases
            ).write(choosing: choosing, counting: counting)
        }

        guard mapper.isEmpty else {
            return try MapperTable(mapper, generator, phrases).write(choosing: choosing, counting: counting)
        }
        try write("| phrase | channels | α | faces that reach it | other attributes move |")
        try write("|---|---:|---:|---:|---:|")
        var outcomes: [EditExpectation.Kind: [EditTrial.Outcome]] = [:]
        for expectation in EditExpectation.all {
            let direction = try phrases.direction(to: expectation.phrase)
            let alpha = try choosing.bestStrength(for: expectation, direction: direction)
            let outcome = try counting.outcome(of: expectation, direction: direction, alpha: alpha)
            outcomes[expectation.kind, default: []].append(outcome)
            try write(
                "| \(expectation.phrase) | \(direction.kept.count) | \(Int(alpha)) | "
                    + "\(percent(outcome.reached)) of \(outcome.others) | \(percent(outcome.movement)) |")
        }
        for kind in EditExpectation.Kind.allCases {
            let shares = outcomes[kind, default: []].map(\.reached)
            let movement = mean(outcomes[kind, default: []].map(\.movement))
            try write(
                "| **\(kind.plural)** | | | **\(percent(mean(shares)))** (least \(percent(shares.min() ?? 0))) | "
                    + "\(percent(movement)) |")
        }
    }

    private func write(_ line: String) throws { try StandardStream.output.write(line + "\n") }
}

private func mean(_ values: [Float]) -> Float { values.reduce(0, +) / Float(max(1, values.count)) }

func percent(_ share: Float) -> String { "\(Int((100 * share).rounded())) %" }

extension EditExpectation.Kind {
    fileprivate var plural: String { self == .species ? "all species" : "all attributes" }
}
