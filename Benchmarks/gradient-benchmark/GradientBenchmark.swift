import AnimalFaces
import ArgumentParser
import CLIP
import CommandKit
import Foundation
import NeuralLayers
import ProgramFolder
import Relevance
import RelevanceDatabase
import StyleGAN
import Synchronization
import Tensors

@main struct GradientBenchmark: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradient-benchmark",
        abstract:
            "What a table from gradients costs, beside the released method's procedure and a table from pairs.",
        discussion: """
            Times a sample of an image's vector-Jacobian products on every thread and scales it to all d of them.
            The comparison runs with the Python that $PYTHON names (default: python3) where it has torch.

            Examples:
              gradient-benchmark --pairs-store store/animal-faces
              gradient-benchmark --generator ffhq.safetensors --clip ViT-B-32.safetensors --no-build
            """,
        version: ProgramVersion.current)

    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions

    @Option(parsing: .unconditional, help: "Threads. Default: one a processor.")
    var threads: Int?

    @Option(parsing: .unconditional, help: "Batches of products to time on every thread.")
    var batches = 3

    @Option(help: "A database of the same models from pairs, to compare rows and answers with.")
    var pairsStore: String?

    @Flag(inversion: .prefixedNo, help: "Build a whole table of 100 images.")
    var build = true

    @Option(help: "The phrase that --direct is timed with.")
    var phrase = "tiger"

    func validate() throws {
        guard (1...10_000).contains(batches) else {
            throw ValidationError("--batches is \(batches); it must be from 1 to 10000")
        }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
        }
    }

    func run() throws {
        let workers = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let (generator, model) = try (self.generator.open().generator, clip.open().model)
        try write("| stage | cost |")
        try write("|---|---|")
        let image = try measureImage(generator, model, workers: workers)
        try compareWithReleased(generator, image: image, workers: workers)
        let folder = FileManager.default.temporaryDirectory.path + "/gradient-benchmark-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        if build { try measureBuild(folder) }
        try measureDirect(generator, model, workers: workers)
    }

    // MARK: Stages

    /// The seconds that an image of the whole table takes.
    private func measureImage(_ generator: Generator, _ model: CLIPModel, workers: Int) throws -> Double {
        let subject = try ModelSubject(generator: generator, model: model, method: .gradient)
        let (batch, d) = (subject.gradientsPerBatch, model.configuration.dimension)
        let weights = try SynthesisGradientWeights(generator, batch: batch)
        let times = Mutex<[(keep: Double, products: Double)]>([])
        let failure = Mutex<(any Error)?>(nil)
        let batches = batches
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            Threads.limit(to: 1)
            do {
                let z = try LatentSamples.images(
                    worker..<worker + 1, seed: 1, dimension: generator.configuration.zDimension)
                let styles = try generator.styles(z: z, truncation: Truncation())
                let gradient = try EmbeddingGradient(generator, model, batch: batch, weights: weights)
                var random = NumPyRandomState(seed: UInt32(worker))
                let directions = try Tensor(random.gaussians(batch * d), shape: Shape([batch, d]))
                var products = Tensor(zeros: try Shape([batch, generator.styleSpace.count]))
                _ = try gradient.keep(styles: styles)
                try gradient(directions, into: &products)  // warm
                let began = ContinuousClock.now
                _ = try gradient.keep(styles: styles)
                let kept = ContinuousClock.now
                for _ in 0..<batches { try gradient(directions, into: &products) }
                let ended = ContinuousClock.now
                times.withLock {
                    $0.append(
                        ((kept - began) / .seconds(1), (ended - kept) / .seconds(1) / Double(batches * batch))
                    )
                }
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        let all = times.withLock { $0 }
        let keep = all.reduce(0) { $0 + $1.keep } / Double(workers)
        let product = all.reduce(0) { $0 + $1.products } / Double(workers)
        let image = (keep + Double(d) * product) / Double(workers)
        try write("| picture and embedding, kept for gradients, 1 thread | \(number(keep * 1000)) ms |")
        try write("| vector-Jacobian product for all styles, 1 thread | \(number(product * 1000)) ms |")
        try write("| an image of the whole table, \(d) products, \(workers) threads | \(number(image)) s |")
        try write("| resident memory so far, at most | \(peakMemory()) MiB |")
        return image
    }

    private func compareWithReleased(_ generator: Generator, image: Double, workers: Int) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("baseline.py").path
        let python = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"
        let files = try (
            self.generator.generator ?? AnimalFaces.resource(.generator),
            clip.clip ?? AnimalFaces.resource(.clip)
        )
        struct Result: Decodable {
            let picturesPerSecond: Double
            let torch: String
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard
            let text = try? output(of: [
                "/usr/bin/env", python, script, "--generator", files.0, "--clip", files.1, "--threads",
                "\(workers)", "--images", "16",
            ]), let result = try? decoder.decode(Result.self, from: Data(text.utf8))
        else { return try write("| released procedure | \(python) has no torch: not measured |") }
        let released = 2 * Double(generator.styleSpace.sweptCount) / result.picturesPerSecond
        try write(
            "| released procedure in PyTorch \(result.torch), an image of the table, from 16 of its pictures | "
                + "\(number(released)) s |")
        try write("| gradients against it | \(number(released / image)) times as fast |")
    }

    private func measureBuild(_ folder: String) throws {
        let began = ContinuousClock.now
        var arguments = ["--method", "gradient", "--store", folder, "--json", "--quiet"]
        for (name, value) in [
            ("generator", generator.generator), ("clip", clip.clip), ("merges", clip.merges),
        ] {
            if let value { arguments += ["--\(name)", value] }
        }
        _ = try output(of: [ProgramFolder.path + "/build-relevance"] + arguments)
        let took = (ContinuousClock.now - began) / .seconds(1)
        let database = try RelevanceDatabase(path: folder)
        let verified = database.manifest.gradient?.agreement
        try write(
            "| build-relevance --method gradient, \(database.manifest.pairsDone) images | \(number(took)) s |"
        )
        if let verified {
            try write(
                "| its own comparison with true pairs (\(verified.channels) channels, \(verified.images) images) | "
                    + "median cosine \(verified.median), 10th percentile \(verified.tenthPercentile) |")
        }
        guard let pairsStore else { return }
        let (rows, pairs) = try (database.table().rows, RelevanceDatabase(path: pairsStore).table().rows)
        guard rows.shape == pairs.shape else { return try write("| \(pairsStore) | of another table |") }
        let d = rows.shape[1]
        let cosines = (0..<rows.shape[0]).map { row in
            (row * d..<(row + 1) * d).reduce(Float(0)) { $0 + rows[$1] * pairs[$1] }
        }.sorted()
        try write(
            "| rows beside those of pairs, all \(cosines.count) channels | median cosine "
                + "\(cosines[cosines.count / 2]), 10th percentile \(cosines[cosines.count / 10]) |")
    }

    private func measureDirect(_ generator: Generator, _ model: CLIPModel, workers: Int) throws {
        var arguments = [
            ProgramFolder.path + "/query-direction", phrase, "--direct", "--json", "--beta", "0",
        ]
        for (name, value) in [
            ("generator", self.generator.generator), ("clip", clip.clip), ("merges", clip.merges),
        ] {
            if let value { arguments += ["--\(name)", value] }
        }
        let began = ContinuousClock.now
        _ = try output(of: arguments)
        let took = (ContinuousClock.now - began) / .seconds(1)
        try write("| query-direction --direct, 20 images, whole process | \(number(took)) s |")
        guard let pairsStore else { return }
        let database = try RelevanceDatabase(path: pairsStore)
        let encoder = try model.textEncoder()
        let ensemble = try PromptEnsemble()
        let embeddings = try ensemble.embeddings(of: [phrase, database.manifest.neutral], by: encoder)
        let text = try TextDirection(target: embeddings[0], neutral: embeddings[1])
        let direct = try DirectRelevance(generator, model, settings: SweepSettings())
            .relevance(along: text, images: 20, workers: workers)
        let agreement = try RelevanceAgreement(database.relevance(to: text), direct)
        try write(
            "| its R beside the table's | rank correlation \(number(agreement.rankCorrelation)), "
                + "\(agreement.sharedStrongest) of the 20 strongest |")
    }

    // MARK: Small things

    private func write(_ line: String) throws { try StandardStream.output.write(line + "\n") }

    private func number(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }

    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(.init(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) >> 10
    }

    /// What a program writes to standard output.
    private func output(of words: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw OptionError(
                "\(words[0]) ended with status \(process.terminationStatus)", exitStatus: .ownFault)
        }
        return String(decoding: data, as: UTF8.self)
    }
}
