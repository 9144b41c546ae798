import AnimalFaces
import ArgumentParser
import CLIP
import Checkpoints
import CommandKit
import Editing
import Foundation
import NeuralLayers
import OtherPrograms
import ProgramFolder
import RandomModels
import Relevance
import RelevanceDatabase
import StyleGAN
import Tensors

@main struct GradientBenchmark: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradient-benchmark",
        abstract:
            "What a table from gradients costs, beside the released method's procedure and a table from pairs.",
        discussion: """
            For the embedded models, whose table is compared with one of pairs that is built for it (two minutes), and
            for a generator of 1024×1024 pictures with random weights and CLIP ViT-B/32, of which one image is taken
            within 4 GB of memory (five minutes). Of both a latent mapper is trained for a few steps. The procedure runs with the Python that $PYTHON names (default:
            python3) where it has torch.

            Examples:
              gradient-benchmark
              gradient-benchmark --model default --pairs-store store/animal-faces
              gradient-benchmark --generator ffhq.safetensors --clip ViT-B-32.safetensors
            """,
        version: ProgramVersion.current)

    enum Size: String, CaseIterable, ExpressibleByArgument {
        case embedded = "default"
        case large = "1024"
    }

    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions

    @Option(help: "The models to measure; all unless named.")
    var model: [Size] = Size.allCases

    @Option(parsing: .unconditional, help: "Threads. Default: one a processor.")
    var threads: Int?

    @Option(
        help:
            "A database of the embedded models from pairs, to compare rows and answers with; it is not written to."
    )
    var pairsStore: String?

    @Flag(help: "Measure latent optimisation alone.")
    var onlyOptimisation = false

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
        }
    }

    @Flag(help: "Measure the steps of a latent mapper's training alone.")
    var onlyMapper = false

    private var workers: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

    func run() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/gradient-benchmark-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        if generator.generator != nil {
            return try measureLarge(MeasuredModels(generator.generator, clip.clip, clip.merges), folder)
        }
        if model.contains(.embedded) { try measureEmbedded(MeasuredModels(), folder) }
        guard model.contains(.large) else { return }
        let (generator, encoder) = (folder + "/generator.safetensors", folder + "/clip.safetensors")
        try RandomModels.writeGenerator(path: generator, resolution: 1024)
        let tokens = try Checkpoint.open(path: AnimalFaces.resource(.clip)).shape(
            of: "token_embedding.weight")
        try RandomModels.writeCLIP(path: encoder, tokens: tokens?[0] ?? 0)
        try measureLarge(MeasuredModels(generator, encoder, AnimalFaces.resource(.merges)), folder)
    }

    // MARK: Models

    private func measureEmbedded(_ models: MeasuredModels, _ folder: String) throws {
        try heading("The embedded models")
        if onlyMapper { return try measureMapper(models, steps: 400, folder) }
        if onlyOptimisation { return try measureOptimisation(models) }
        let image = try measureImage(models, products: models.model.configuration.dimension)
        try compareWithReleased(models, image: image)
        var pairs = pairsStore
        if pairs == nil {
            let path = folder + "/pairs"
            let took = try models.build(["--store", path])
            try write("build-relevance, \(SweepSettings.defaultPairs) pairs a channel", seconds(took))
            pairs = path
        }
        let path = folder + "/gradient"
        let took = try models.build(["--store", path, "--method", "gradient"])
        let database = try RelevanceDatabase(path: path)
        try write("build-relevance --method gradient, \(database.manifest.pairsDone) images", seconds(took))
        if let agreement = database.manifest.gradient?.agreement {
            try write(
                "its own comparison with true pairs (\(agreement.channels) channels, \(agreement.images) images)",
                "median cosine \(cosine(agreement.median)), 10th percentile \(cosine(agreement.tenthPercentile))"
            )
        }
        try measureDirect(models)
        try measureOptimisation(models)
        try measureMapper(models, steps: 400, folder)
        guard let pairs else { return }
        let comparison = try TableComparison(pairs: RelevanceDatabase(path: pairs), models)
        for line in try comparison.rows(of: database) { try write(line.name, line.value) }
        let others = folder + "/others"
        _ = try models.build([
            "--store", others, "--method", "gradient", "--verify", "0", "--seed", "2", "--pairs",
            "\(DirectOptions.defaultImages)",
        ])
        for line in try comparison.answers(direct: workers, others: RelevanceDatabase(path: others)) {
            try write(line.name, line.value)
        }
    }

    private func measureLarge(_ models: MeasuredModels, _ folder: String) throws {
        let side = models.generator.configuration.resolution
        try heading("\(side)×\(side) pictures")
        if onlyMapper { return try measureMapper(models, steps: 2, folder) }
        if onlyOptimisation { return try measureOptimisation(models, steps: 3) }
        let took = try models.build([
            "--store", folder + "/large", "--method", "gradient", "--pairs", "1", "--verify", "0",
            "--memory", "4G", "--statistics-samples", "1000",
        ])
        try write("build-relevance --method gradient --memory 4G, one image, whole process", seconds(took))
        try write("its resident memory, at most", "\(ProgramOutput.peakMemory >> 20) MiB")
        let image = try measureImage(models, products: 24)
        try compareWithReleased(models, image: image)
        try measureDirect(models)
        try measureOptimisation(models, steps: 3)
        try measureMapper(models, steps: 2, folder)
    }

    // MARK: Stages

    /// The seconds that an image of the whole table takes, from a sample of its products.
    private func measureImage(_ models: MeasuredModels, products sample: Int) throws -> Double {
        let (generator, d) = (models.generator, models.model.configuration.dimension)
        Threads.limit(to: 1)
        let z = try LatentSamples.images(0..<1, seed: 1, dimension: generator.configuration.zDimension)
        let styles = try generator.styles(z: z, truncation: Truncation())
        let gradient = try EmbeddingGradient(
            generator, models.model, batch: EmbeddingGradient.batch(generator), threads: workers)
        var random = NumPyRandomState(seed: 1)
        let directions = try Tensor(random.gaussians(sample * d), shape: Shape([sample, d]))
        var products = Tensor(zeros: try Shape([sample, generator.styleSpace.count]))
        _ = try gradient.keep(styles: styles)
        try gradient(directions, into: &products)  // warm
        let began = ContinuousClock.now
        _ = try gradient.keep(styles: styles)
        let kept = ContinuousClock.now
        try gradient(directions, into: &products)
        let (keep, product) = (
            (kept - began) / .seconds(1), (ContinuousClock.now - kept) / .seconds(1) / Double(sample)
        )
        let image = keep + Double(d) * product
        try write("picture and embedding, kept for gradients", "\(number(keep * 1000)) ms")
        try write(
            "vector-Jacobian product for all styles, \(workers) threads", "\(number(product * 1000)) ms")
        try write("an image of the whole table, \(d) products, from \(sample) of them", seconds(image))
        return image
    }

    private func compareWithReleased(_ models: MeasuredModels, image: Double) throws {
        struct Result: Decodable {
            let picturesPerSecond: Double
            let torch: String
        }
        guard let result: Result = try baseline(models, ["--images", "16"]) else {
            return try write("released procedure", Self.withoutTorch)
        }
        let released = 2 * Double(models.generator.styleSpace.sweptCount) / result.picturesPerSecond
        try write(
            "released procedure in PyTorch \(result.torch), an image of the table, from 16 of its pictures",
            seconds(released))
        try write("gradients against it", "\(number(released / image)) times as fast")
    }

    /// Latent optimisation of a face in w+, scaled to the published number of steps.
    private func measureOptimisation(
        _ models: MeasuredModels, steps: Int = LatentOptimisation.Settings().steps
    ) throws {
        struct Result: Decodable {
            let secondsAStep: Double
            let torch: String
        }
        let whole = Double(LatentOptimisation.Settings().steps)
        let measurement = OptimisationMeasurement(models, steps: steps)
        let alone = whole * (try measurement.secondsAStep(faces: 1))
        let together = whole * (try measurement.secondsAStep(faces: workers)) / Double(workers)
        let what =
            "latent optimisation, a face of \(Int(whole)) steps"
            + (steps < Int(whole) ? ", from \(steps) of them" : "")
        try write(what + ", alone (1 thread)", seconds(alone))
        try write(what + ", where \(workers) go side by side", seconds(together))
        guard let result: Result = try baseline(models, ["--optimise", "\(steps)"]) else {
            return try write("the same in PyTorch", Self.withoutTorch)
        }
        let plain = whole * result.secondsAStep
        try write("the same in PyTorch \(result.torch), \(workers) threads", seconds(plain))
        try write(
            "optimisation against it, alone; side by side",
            "\(number(plain / alone)); \(number(plain / together)) times as fast")
    }

    private static let withoutTorch = "\(ReferencePython.name) has no torch and safetensors: not measured"

    /// What `baseline.py` says of the models, or nil where there is no PyTorch.
    /// - Throws: `ProgramFailure` where there is one, and it fails.
    private func baseline<Result: Decodable>(
        _ models: MeasuredModels, _ arguments: [String]
    ) throws -> Result? {
        guard ReferencePython.has("torch", "safetensors") else { return nil }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("baseline.py").path
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let text = try ReferencePython.output(
            [
                script, "--generator", models.paths.generator, "--clip", models.paths.clip, "--threads",
                "\(workers)",
            ] + arguments)
        return try decoder.decode(Result.self, from: Data(text.utf8))
    }

    /// The training of a latent mapper.
    private func measureMapper(_ models: MeasuredModels, steps: Int, _ folder: String) throws {
        let found = try MapperMeasurement(models, threads: workers, steps: steps, folder: folder)
        try write("train-mapper, a step of 2 faces, from \(steps)", "\(number(found.step * 1000)) ms")
        struct Result: Decodable {
            let seconds, loss: Double
            let torch: String
        }
        guard let result: Result = try baseline(models, found.arguments) else {
            return try write("the same step in PyTorch", Self.withoutTorch)
        }
        try write("the same step in PyTorch \(result.torch)", "\(number(result.seconds * 1000)) ms")
        try write("train-mapper against it", "\(number(result.seconds / found.step)) times as fast")
        let difference = abs(found.loss - result.loss) / result.loss
        try write("relative difference of the first loss", String(format: "%.1e", difference))
    }

    private func measureDirect(_ models: MeasuredModels) throws {
        let began = ContinuousClock.now
        _ = try ProgramOutput.of(
            [ProgramFolder.path + "/query-direction", "tiger", "--direct", "--json", "--beta", "0"]
                + models.arguments)
        let took = (ContinuousClock.now - began) / .seconds(1)
        try write(
            "query-direction --direct, \(DirectOptions.defaultImages) images, whole process", seconds(took))
    }

    // MARK: Writing

    private func heading(_ text: String) throws {
        try StandardStream.output.write("\n### \(text), \(workers) threads\n\n| stage | cost |\n|---|---|\n")
    }

    private func write(_ name: String, _ value: String) throws {
        try StandardStream.output.write("| \(name) | \(value) |\n")
    }

    private func seconds(_ value: Double) -> String { number(value) + " s" }

    private func number(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }

    private func cosine(_ value: Float) -> String { String(format: "%.3f", value) }
}
