import ArgumentParser
import Checkpoints
import CommandKit
import Editing
import Foundation
import Pictures
import Relevance
import StyleGAN
import Tensors

extension LatentSpace: ExpressibleByArgument {}

@main struct OptimiseLatent: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "optimise-latent",
        abstract: "Move the latents of single faces, step by step, until CLIP sees the phrase in them.",
        discussion: """
            Needs no database: every face is optimised for itself, by Adam, so that
            1 − E_i(G(w))·E_t + λ |w − w_s|² becomes small. Of StyleCLIP's optimisation
            all is here but the loss of identity, whose network (ArcFace) is not:
            nothing but λ keeps a person who they were. The picture goes to CLIP as
            CLIP prepares it, as everywhere else here.

            Examples:
              optimise-latent "tiger"                      tiger-optimised.png
              optimise-latent "tiger" --free
              optimise-latent "smiling animal" --l2 0.05 --save-latents smiling.npy
              optimise-latent "a man with a beard" --generator ffhq.pkl \\
                  --clip ViT-B-32.pt --latents w_plus.npy --faces 1
            """,
        version: ProgramVersion.current)

    private static let defaultFaces = 4
    /// Columns between the original and the result.
    private static let columns = 3

    @Argument(help: "What pictures are to become, for example \"tiger\".")
    var phrase: String

    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions
    @OptionGroup var faceFile: LatentOptions

    @Option(
        parsing: .unconditional,
        help: "The number of faces. Default: 4, or all of --latents where they are fewer.")
    var faces: Int?

    @Option(
        parsing: .unconditional, help: "The seed of the faces, as NumPy's RandomState takes it. Default: 0.")
    var seed: UInt32?

    @Option(parsing: .unconditional, help: "Truncation ψ of a seed's faces. Default: 0.7.")
    var truncation: Float?

    @Flag(help: "Generate one picture freely, from the mean latent and without λ.")
    var free = false

    @Option(help: "What is optimised: w+, or s, the styles of all layers but toRGB.")
    var space = LatentSpace.wPlus

    @Option(parsing: .unconditional, help: "Steps of Adam for each face.")
    var steps = LatentOptimisation.Settings().steps

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Adam's learning rate. Default: 0.1, as published; 0.01 for --free of the embedded models.",
            discussion: "It rises over the first 5 % of the steps and falls over the last 25 %.",
            valueName: "η"))
    var learningRate: Double?

    @Option(
        name: .customLong("l2"), parsing: .unconditional,
        help: ArgumentHelp(
            "How much the squared distance from the face's own latent counts. Default: 0.008, as published; 0.002 in "
                + "w+ of the embedded models.", valueName: "λ"))
    var distanceWeight: Float?

    @OptionGroup var textOptions: TextOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The .png or .jpg to draw: a row a face, from the original to the result. Default: named after the phrase.",
            valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write the results' latents, which --latents takes everywhere.", valueName: "file.npy"),
        completion: .file())
    var saveLatents: String?

    @Option(parsing: .unconditional, help: "Threads, each with a face of its own. Default: one a processor.")
    var threads: Int?

    @Flag(help: "Answer in one line of JSON.")
    var json = false

    @Flag(help: "Show no progress.")
    var quiet = false

    func validate() throws {
        try DirectionOptions.requireVisible(phrase, as: "the phrase")
        if free {
            let others: [(String, Bool)] = [
                ("--latents", faceFile.latents != nil), ("--faces", faces != nil), ("--seed", seed != nil),
                ("--truncation", truncation != nil), ("--l2", distanceWeight != nil),
            ]
            if let other = others.first(where: \.1) {
                throw ValidationError(
                    "--free begins at the mean latent and keeps near nothing; \(other.0) does not go with it")
            }
        }
        if faceFile.latents != nil, seed != nil || truncation != nil {
            throw ValidationError(
                "--seed and --truncation are of random faces, --latents names a file's; give one of them")
        }
        if let faces, !(1...64).contains(faces) {
            throw ValidationError("--faces is \(faces); it must be from 1 to 64")
        }
        if let truncation, !(truncation >= 0 && truncation <= 2) {
            throw ValidationError("--truncation is \(truncation); it must be from 0 to 2")
        }
        guard (1...100_000).contains(steps) else {
            throw ValidationError("--steps is \(steps); it must be from 1 to 100000")
        }
        if let learningRate, !(learningRate > 0 && learningRate <= 100) {
            throw ValidationError("--learning-rate is \(learningRate); it must be above 0 and at most 100")
        }
        if let distanceWeight, !(distanceWeight >= 0 && distanceWeight <= 1e6) {
            throw ValidationError("--l2 is \(distanceWeight); it must be from 0 to 1000000")
        }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
        }
        if let output, ![".png", ".jpg", ".jpeg"].contains(where: output.lowercased().hasSuffix) {
            throw ValidationError("--output \(output) must end in .png, .jpg or .jpeg")
        }
        if let saveLatents, !saveLatents.lowercased().hasSuffix(".npy") {
            throw ValidationError("--save-latents \(saveLatents) must end in .npy")
        }
    }

    func run() throws {
        let began = ContinuousClock.now
        InterruptMonitor.start(resumes: false)
        let sheetPath = output ?? OutputFile.name(for: phrase + " optimised", ending: "png")
        for path in [sheetPath, saveLatents].compactMap(\.self) { try OutputFile.require(path) }
        let (generator, model) = try (generator.open().generator, clip.open().model)
        let starts = try starts(generator)
        let optimisation = try LatentOptimisation(
            generator, model, text: textOptions.embedding(of: phrase, by: model), settings: settings)

        let faces = starts.shape[0]
        let workers = min(threads ?? ProcessInfo.processInfo.activeProcessorCount, faces)
        let talk = OptimisationTalk(quiet: quiet || json, faces: faces, steps: steps)
        let shown = Set((1...Self.columns).map { $0 * steps / (Self.columns + 1) }).subtracting([0]).sorted()
        let sheet = OptimisationSheet(phrase, settings, steps: shown)
        try sheet.requireRoom(faces: faces, generator)
        let memory = optimisation.memory(workers: workers) + sheet.memory(faces: faces, generator)
        talk.announce(
            phrase, remark: clip.remarkOnWords(of: phrase), faces: faces, workers: workers, memory: memory)
        try ProcessMemory.requireFree(networks: memory, threads: workers)
        // An error, too, begins on a line of its own.
        defer { talk.finish() }
        let latents = try optimisation.run(from: starts, keeping: shown, workers: workers) { latents in
            talk.report(latents)
            return !InterruptMonitor.isInterrupted
        }

        if let saveLatents {
            try NumPyFile.write(
                Tensor(latents.flatMap(\.code.values), shape: starts.shape), path: saveLatents)
        }
        if let taken = latents.first?.stepsTaken, taken < steps {
            throw Interruption(
                "stopped after \(taken) of \(steps) steps; "
                    + (saveLatents.map { "\($0) holds the best latents so far" } ?? "nothing was written"))
        }
        try sheet.drawn(latents, generator).write(path: sheetPath)
        let report = OptimisationReport(
            phrase, settings, latents, sheet: sheetPath, saved: saveLatents, took: .now - began)
        try StandardStream.output.write(json ? report.json() : report.text())
    }

    /// As published but for the embedded models, where `success-table --optimise` and sheets say otherwise.
    private var settings: LatentOptimisation.Settings {
        let isEmbedded = generator.generator == nil
        var settings = LatentOptimisation.Settings()
        settings.space = space
        settings.steps = steps
        settings.learningRate = learningRate ?? (isEmbedded && free ? 0.01 : settings.learningRate)
        settings.distanceWeight =
            free ? 0 : distanceWeight ?? (isEmbedded && space == .wPlus ? 0.002 : settings.distanceWeight)
        return settings
    }

    /// The codes that the faces begin as.
    private func starts(_ generator: Generator) throws -> Tensor {
        if let path = faceFile.latents {
            let codes =
                switch space {
                case .wPlus: try LatentFile.latents(path: path, for: generator)
                case .s: try LatentFile.styles(path: path, for: generator)
                }
            let count = min(faces ?? Self.defaultFaces, codes.shape[0])
            let width = codes.count / codes.shape[0]
            return try codes.withUnsafeValues {
                try Tensor(
                    $0[..<(count * width)], shape: Shape([count] + codes.shape.dimensions.dropFirst()))
            }
        }
        let z = try LatentSamples.images(
            0..<(free ? 1 : faces ?? Self.defaultFaces), seed: seed ?? 0,
            dimension: generator.configuration.zDimension)
        // ψ = 0 leaves nothing of z but the mean.
        let truncation =
            free
            ? Truncation(psi: 0, cutoff: generator.configuration.latentCount)
            : Truncation(psi: truncation ?? Truncation().psi)
        return try space.codes(ofLatents: generator.latents(z: z, truncation: truncation), generator)
    }
}
