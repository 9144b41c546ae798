import CommandKit
import Editing
import FaceJudge
import Relevance
import StyleGAN
import Tensors

/// Faces that a mapper edited, beside the same faces moved along the phrase's direction.
struct MapperTable {
    /// How many times a mapper's step is taken; the strength is chosen as a direction's is.
    private static let strengths: [Float] = [0.5, 0.75, 1, 1.25, 1.5, 2]

    private let paths: [String]
    private let generator: Generator
    private let directions: PhraseDirections

    init(_ paths: [String], _ generator: Generator, _ directions: PhraseDirections) {
        self.paths = paths
        self.generator = generator
        self.directions = directions
    }

    func write(choosing: EditTrial, counting: EditTrial) throws {
        try line("| phrase | edit | strength | faces that reach it | other attributes move |")
        try line("|---|---|---:|---:|---:|")
        for path in paths {
            let file = try MapperFile(path: path)
            guard let phrase = file.phrase, let expectation = EditExpectation.of(phrase) else {
                throw OptionError("\(path) is for no phrase that the judge knows", exitStatus: .badData)
            }
            let mapper = try file.mapper(for: generator.configuration)
            let direction = try directions.direction(to: phrase)
            try row(
                phrase, "direction",
                counting.outcome(
                    of: expectation, direction: direction,
                    alpha: choosing.bestStrength(for: expectation, direction: direction)))
            let tried = try Self.strengths.map {
                try outcome(of: expectation, mapper, strength: $0, choosing)
            }
            let best = tried.map(\.reached).max()
            for (name, strength) in [
                ("mapper, its own step", 1), ("mapper", tried.first { $0.reached == best }?.alpha ?? 1),
            ] {
                try row(phrase, name, outcome(of: expectation, mapper, strength: strength, counting))
            }
        }
    }

    private func outcome(
        of expectation: EditExpectation, _ mapper: LatentMapper, strength: Float, _ trial: EditTrial
    ) throws -> EditTrial.Outcome {
        let z = try LatentSamples.images(
            0..<trial.originals.count, seed: trial.seed, dimension: generator.configuration.zDimension)
        let w = try generator.latents(z: z, truncation: trial.truncation)
        let step = try MapperNetwork(mapper, samples: trial.originals.count)(w)
        let styles = try generator.styleSpace.styles(LatentMapper.edited(w, by: step, strength: strength))
        return trial.outcome(of: expectation, edited: try trial.read(styles), alpha: strength)
    }

    private func row(_ phrase: String, _ edit: String, _ outcome: EditTrial.Outcome) throws {
        try line(
            "| \(phrase) | \(edit) | \(FixedDecimal.text(Double(outcome.alpha), places: 2)) | "
                + "\(percent(outcome.reached)) of \(outcome.others) | \(percent(outcome.movement)) |")
    }

    private func line(_ text: String) throws { try StandardStream.output.write(text + "\n") }
}
