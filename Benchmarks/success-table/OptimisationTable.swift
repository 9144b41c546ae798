import ArgumentParser
import CLIP
import CommandKit
import Editing
import FaceJudge
import Foundation
import Relevance
import StyleGAN
import Tensors

extension LatentSpace: ExpressibleByArgument {}

/// Whether latents are optimised as well, and how.
struct OptimisationOptions: ParsableArguments {
    @Flag(help: "Optimise the faces' latents for a few phrases, beside the directions.")
    var optimise = false

    @Option(help: "With --optimise: a phrase in the place of the few; may be given again.")
    var phrase: [String] = ["tiger", "panda", "animal wearing glasses", "smiling animal"]

    @Option(help: "With --optimise: w+ or s.")
    var space = LatentSpace.wPlus

    @Option(parsing: .unconditional, help: "With --optimise: steps.")
    var steps = LatentOptimisation.Settings().steps

    @Option(parsing: .unconditional, help: "With --optimise: η.")
    var learningRate = LatentOptimisation.Settings().learningRate

    @Option(name: .customLong("l2"), parsing: .unconditional, help: "With --optimise: λ.")
    var distanceWeight: Float = 0.002

    var settings: LatentOptimisation.Settings {
        var settings = LatentOptimisation.Settings()
        settings.space = space
        settings.steps = steps
        settings.learningRate = learningRate
        settings.distanceWeight = distanceWeight
        return settings
    }
}

/// Faces whose latents were optimised towards a phrase, beside the same faces moved along its direction.
struct OptimisationTable {
    private let options: OptimisationOptions
    private let generator: Generator
    private let model: CLIPModel
    private let directions: PhraseDirections

    init(
        _ options: OptimisationOptions, _ generator: Generator, _ model: CLIPModel,
        _ directions: PhraseDirections
    ) {
        self.options = options
        self.generator = generator
        self.model = model
        self.directions = directions
    }

    func write(choosing: EditTrial, counting: EditTrial) throws {
        let settings = options.settings
        let workers = ProcessInfo.processInfo.activeProcessorCount
        let z = try LatentSamples.images(
            0..<counting.originals.count, seed: counting.seed,
            dimension: generator.configuration.zDimension)
        let starts = try settings.space.codes(
            ofLatents: generator.latents(z: z, truncation: counting.truncation), generator)
        try line(
            "| phrase | direction: faces that reach it | others move | optimised: faces | others move | seconds a face |"
        )
        try line("|---|---:|---:|---:|---:|---:|")
        for phrase in options.phrase {
            guard let expectation = EditExpectation.of(phrase) else {
                throw ValidationError("--phrase \(phrase) is none that the judge knows")
            }
            let direction = try directions.direction(to: phrase)
            let alpha = try choosing.bestStrength(for: expectation, direction: direction)
            let moved = try counting.outcome(of: expectation, direction: direction, alpha: alpha)

            let text = try TextOptions.parse([]).embedding(of: phrase, by: model)
            let optimisation = LatentOptimisation(generator, model, text: text, settings: settings)
            let began = ContinuousClock.now
            let latents = try optimisation.run(from: starts, workers: workers)
            let seconds = (.now - began) / .seconds(1) / Double(latents.count)
            let codes = try Tensor(latents.flatMap(\.code.values), shape: starts.shape)
            let optimised = try counting.outcome(
                of: expectation, edited: counting.read(settings.space.styles(of: codes, generator)))
            try line(
                "| \(phrase) | \(percent(moved.reached)) of \(moved.others) | \(percent(moved.movement)) "
                    + "| \(percent(optimised.reached)) | \(percent(optimised.movement)) "
                    + "| \(String(format: "%.2f", seconds)) |")
        }
    }

    private func line(_ text: String) throws { try StandardStream.output.write(text + "\n") }
}
