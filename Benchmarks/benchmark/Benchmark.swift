import AnimalFaces
import ArgumentParser
import CLIP
import Checkpoints
import CommandKit
import FaceJudge
import Foundation
import NeuralLayers
import OtherPrograms
import ProgramFolder
import Relevance
import RelevanceDatabase
import StyleGAN
import Tensors
import Vocabulary

@main struct Benchmark: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract:
            "What a question and the networks behind it cost on this machine; sweep-benchmark measures the sweep.",
        discussion: """
            A sample of the default database is built in a temporary folder. A full-size text encoder is compared with
            PyTorch's by the Python that $PYTHON names (default: python3) where it has torch and safetensors.
            """,
        version: ProgramVersion.current)

    @Option(parsing: .unconditional, help: "Threads of the build and of PyTorch. Default: one a processor.")
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "A CLIP whose text encoder is measured beside PyTorch's, its merges beside it. Default: random weights of "
                + "ViT-B/32's sizes, where store/ has OpenAI's merges.",
            valueName: "file"))
    var clip: String?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
        }
    }

    func run() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/direction-benchmark-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let workers = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let sample = try SampleDatabase()

        try write("| stage | cost |")
        try write("|---|---|")
        try measureBuild(sample, in: folder, workers: workers)
        try measureNetworks(sample)
        try measureQueries(in: folder)
        try measureProducts()
        try measureText(in: folder + "-text", threads: workers)
    }

    // MARK: Stages

    /// Builds the sample that questions are put to.
    private func measureBuild(_ sample: SampleDatabase, in folder: String, workers: Int) throws {
        let began = ContinuousClock.now
        _ = try sample.database(at: folder, pairs: 2, statisticsSamples: 10_000, workers: workers)
        try write(
            row(
                "database of 10,000 samples and 2 pairs a channel, \(workers) threads",
                "\(number(seconds(since: began))) s"))
    }

    /// Each network on one thread.
    private func measureNetworks(_ sample: SampleDatabase) throws {
        Threads.limit(to: 1)
        let batch = ChannelSweep.imagesPerBatch
        let generator = sample.generator
        let resolution = generator.configuration.resolution
        let z = Tensor(zeros: [batch, generator.configuration.zDimension])
        let styles = try generator.styles(z: z, truncation: .none)
        let synthesis = try Synthesis(generator, batch: batch)
        let drawing = try rate { _ = try synthesis.images(styles: styles) }
        try write(
            row(
                "whole pictures of \(resolution)×\(resolution), 1 thread",
                "\(number(drawing * Double(batch)))/s"))

        let encoder = try sample.model.imageEncoder(batch: batch, imageResolution: resolution)
        let images = try synthesis.images(styles: styles)
        var embeddings = Tensor(zeros: [batch, sample.model.configuration.dimension])
        let embedding = try rate { try encoder.embed(images, into: &embeddings) }
        try write(row("image embeddings, 1 thread", "\(number(embedding * Double(batch)))/s"))

        let text = try sample.model.textEncoder()
        let ensemble = try PromptEnsemble()
        let phrase = try rate { _ = try ensemble.embedding(of: "tiger", by: text) }
        try write(
            row("phrase in \(ensemble.templates.count) templates, 1 thread", "\(number(1000 / phrase)) ms"))
    }

    /// `query-direction` from its start to its end, as a shell sees it.
    private func measureQueries(in folder: String) throws {
        let program = ProgramFolder.path + "/query-direction"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            return try write(row("query-direction", "skipped: \(program) is not built"))
        }
        // The first time round phrases are embedded, the second their text directions are in the database.
        for kind in ["a new phrase", "a phrase asked before"] {
            let times = try EditExpectation.all.map { expectation in
                try ProgramTime.wholeSeconds(
                    of: program, [expectation.phrase, "--store", folder, "--beta", "0"])
            }
            try write(row("query-direction, whole process, \(kind)", "\(number(1000 * median(times))) ms"))
        }
        let wide = folder + "-wide"
        defer { try? FileManager.default.removeItem(atPath: wide) }
        try WideDatabase.build(at: wide)
        let times = try (0..<40).map { _ in
            try ProgramTime.wholeSeconds(of: program, [WideDatabase.phrase, "--store", wide, "--beta", "0"])
        }
        try write(
            row(
                "query-direction, whole process, a phrase asked before, 6,048×512, with the errors of all 6,048",
                "\(number(1000 * median(times))) ms"))
    }

    /// The product behind a query, beside what memory and OpenBLAS give.
    private func measureProducts() throws {
        let benchmark = ProductBenchmark()
        let one = try benchmark.onePhrase()
        try write(
            row(
                "relevance of one phrase over 6,048×512, 1 thread",
                "\(number(one.product / 1e9)) GB/s, \(number(100 * one.product / one.reading)) % of reading alone"
            ))
        guard let many = benchmark.manyPhrases() else {
            return try write(row("relevance of 1,000 phrases", "skipped: there is no OpenBLAS"))
        }
        try write(
            row(
                "relevance of 1,000 phrases over 6,048×512",
                "\(number(many.product / 1e9)) GFLOP/s, \(number(100 * many.product / many.peak)) % of sgemm's at its best"
            ))
    }

    /// A new phrase in 79 templates by a full-size text encoder, beside PyTorch.
    private func measureText(in folder: String, threads: Int) throws {
        let count = TextBenchmark.templateCount
        let what = clip ?? "ViT-B/32's text encoder with random weights"
        let query = "query-direction, whole process, a new phrase in \(count) templates, \(what)"
        switch try TextBenchmark(folder: folder, threads: threads).measure(clip: clip) {
        case .skipped(let reason): try write(row(query, "skipped: \(reason)"))
        case .measured(let seconds, let python, let relativeError):
            try write(row(query, "\(number(1000 * seconds)) ms"))
            guard let python, let relativeError else {
                return try write(
                    row("encode_text in PyTorch", "skipped: $PYTHON has no torch and safetensors"))
            }
            let name = "PyTorch \(python.torch), \(count) texts at padded length, \(threads) threads"
            try write(
                row(
                    "encode_text alone as OpenAI's package runs it, \(name)",
                    "\(number(python.seconds)) s, \(number(python.seconds / seconds)) times as long"))
            try write(
                row(
                    "the same with attention's weights written out",
                    "\(number(python.secondsWrittenOut)) s, \(number(python.secondsWrittenOut / seconds)) times as long"
                ))
            try write(
                row("relative difference from PyTorch's embeddings", String(format: "%.1e", relativeError)))
        }
    }

    // MARK: Measuring

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Calls a second, over at least a second after one call that is not counted.
    private func rate(_ body: () throws -> Void) throws -> Double {
        try body()
        let began = ContinuousClock.now
        var calls = 0
        repeat {
            try body()
            calls += 1
        } while seconds(since: began) < 1
        return Double(calls) / seconds(since: began)
    }

    private func seconds(since began: ContinuousClock.Instant) -> Double {
        began.duration(to: .now) / .seconds(1)
    }

    // MARK: Writing

    private func row(_ stage: String, _ cost: String) -> String { "| \(stage) | \(cost) |" }

    private func number(_ value: Double) -> String {
        value < 10 ? String(format: "%.1f", value) : ProgressReporter.grouped(Int(value.rounded()))
    }

    private func write(_ line: String) throws { try StandardStream.output.write(line + "\n") }
}
