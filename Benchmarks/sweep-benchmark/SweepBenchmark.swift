import AnimalFaces
import ArgumentParser
import CLIP
import Checkpoints
import CommandKit
import Foundation
import NeuralLayers
import ProgramFolder
import RandomModels
import StyleGAN
import Tensors

@main struct SweepBenchmark: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep-benchmark",
        abstract:
            "How fast the sweep is, beside the released method's procedure and beside what the machine can do.",
        discussion: """
            For the embedded models, and for generators of 256×256 and 1024×1024 pictures with random weights and CLIP
            ViT-B/32. A seeded sample of channels of every layer is swept by all threads, and weighted to the whole; the
            procedure in PyTorch draws and embeds pairs of some of them. Needs the Python that $PYTHON names
            (default: python3) with torch, numpy and safetensors for the comparison. Takes about five minutes; the last
            table has a column for each.
            """,
        version: ProgramVersion.current)

    enum Size: String, CaseIterable, ExpressibleByArgument {
        case embedded = "default"
        case small = "256"
        case large = "1024"

        /// Channels of a layer that are swept, and images behind each compared channel.
        var sample: (channels: Int, step: Int, images: Int) {
            switch self {
            case .embedded: (48, 1, 8)
            case .small: (8, 2, 2)
            case .large: (3, 3, 1)
            }
        }
    }

    @Option(help: "The models to measure; all unless named.")
    var model: [Size] = Size.allCases

    @Option(parsing: .unconditional, help: "Threads. Default: one a processor.")
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Where the random models are, for one size; made anew unless named.", visibility: .hidden))
    var folder: String?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
        }
    }

    /// Every size runs in a process of its own, so that its peak of memory is its own.
    func run() throws {
        if let folder, let size = model.first { return try measure(size, in: folder) }
        let temporary = FileManager.default.temporaryDirectory.path + "/sweep-benchmark-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: temporary) }
        var summaries: [SweepSummary] = []
        for size in model {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: ProgramFolder.path + "/sweep-benchmark")
            process.arguments = ["--model", size.rawValue, "--folder", temporary]
            if let threads { process.arguments? += ["--threads", "\(threads)"] }
            if size != .embedded {
                try RandomModels.writeGenerator(
                    path: temporary + "/generator.safetensors", resolution: size == .small ? 256 : 1024)
                try RandomModels.writeCLIP(path: temporary + "/clip.safetensors", tokens: Self.tokens())
            }
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw OptionError("measuring \(size.rawValue) failed", exitStatus: .ownFault)
            }
            let data = try Data(contentsOf: URL(fileURLWithPath: Self.summaryPath(in: temporary)))
            summaries.append(try JSONDecoder().decode(SweepSummary.self, from: data))
        }
        try write("\n### Together, \(threads ?? Self.processors) threads\n")
        try write(SweepSummary.table(summaries))
    }

    private static func summaryPath(in folder: String) -> String { folder + "/summary.json" }

    private static var processors: Int { ProcessInfo.processInfo.activeProcessorCount }

    private static func tokens() throws -> Int {
        try Checkpoint.open(path: AnimalFaces.resource(.clip)).shape(of: "token_embedding.weight")?[0] ?? 0
    }

    // MARK: One size

    private func measure(_ size: Size, in folder: String) throws {
        let paths =
            size == .embedded
            ? (try AnimalFaces.resource(.generator), try AnimalFaces.resource(.clip))
            : (folder + "/generator.safetensors", folder + "/clip.safetensors")
        let threads = threads ?? Self.processors
        let generator = try Generator(checkpoint: Checkpoint.open(path: paths.0))
        let model = try CLIPModel.open(path: paths.1, merges: AnimalFaces.resource(.merges))
        let sample = try SweepSample(generator, model, channelsPerLayer: size.sample.channels)
        let channels = sample.sweptCount
        let costs = try sample.costs(threads: threads)
        let perImage = costs.reduce(0) { $0 + $1.seconds }
        let rate = Double(threads * channels) / perImage
        let peak = residentPeak()
        let side = generator.configuration.resolution

        try write(
            "\n### \(size == .embedded ? "The embedded models" : "Random weights"), \(side)×\(side), \(channels) channels\n"
        )
        try write("| whole sweep, \(threads) threads | |\n|---|---:|")
        try write(row("pairs a second", number(rate)))
        try write(
            row("100 pairs a channel at that rate", ProgressReporter.duration(100 * Double(channels) / rate)))
        try write(row("resident memory, at most", "\(peak >> 20) MiB"))
        var summary = SweepSummary(
            title: (size == .embedded ? "embedded, " : "") + "\(side)×\(side)", channels: channels,
            pairsPerSecond: rate, peakBytes: peak)
        summary.released = try compare(sample, paths: paths, threads: threads, rate: rate, size)
        summary.smaller = try measureSmaller(sample, perImage: perImage, threads: threads)
        summary.rounded = try measureRounded(sample, perImage: perImage, threads: threads, size)
        summary.shares = try writeLayers(sample, costs, perImage: perImage)
        try JSONEncoder().encode(summary).write(to: URL(fileURLWithPath: Self.summaryPath(in: folder)))
    }

    /// What pictures that are just large enough for CLIP save and change; nil where the whole ones are no larger.
    private func measureSmaller(
        _ sample: SweepSample, perImage: Double, threads: Int
    ) throws -> SweepSummary.Smaller? {
        let (picture, needed) = (sample.generator.configuration, sample.model.configuration.imageResolution)
        guard let resolution = picture.blocks.map(\.resolution).first(where: { $0 >= needed }),
            resolution < picture.resolution
        else { return nil }
        let smaller = try SweepSample(sample, renderResolution: resolution)
        let seconds = try smaller.costs(threads: threads).reduce(0) { $0 + $1.seconds }
        let places = try sample.pairs(every: 2, images: 1).places.filter {
            $0.layer < smaller.layers.count
        }
        let cosines = try Self.cosines(
            sample.rows(places, images: 1), smaller.rows(places, images: 1)
        )
        guard
            let comparison = SweepSummary.Comparison(timeShare: seconds / perImage, cosines: cosines)
        else { return nil }
        let name = "--render-resolution \(resolution)"
        try write(row("\(name), channels", "\(smaller.sweptCount)"))
        try write(row("\(name), of the whole sweep's time", percent(comparison.timeShare)))
        try write(
            row(
                "\(name), cosine of a pair with whole pictures', \(cosines.count) channels, median and least",
                String(format: "%.4f, %.4f", comparison.medianCosine, comparison.leastCosine)))
        return SweepSummary.Smaller(
            resolution: resolution, channels: smaller.sweptCount, comparison: comparison)
    }

    /// What `--precision bf16` saves and changes; nil where the processor has no such products.
    private func measureRounded(
        _ sample: SweepSample, perImage: Double, threads: Int, _ size: Size
    ) throws -> SweepSummary.Comparison? {
        guard Precision.bfloat16.isFast else { return nil }
        let rounded = try SweepSample(sample, precision: .bfloat16)
        let seconds = try rounded.costs(threads: threads).reduce(0) { $0 + $1.seconds }
        let images = size.sample.images
        let places = try sample.pairs(every: size.sample.step, images: images).places
        let cosines = try Self.cosines(
            sample.rows(places, images: images), rounded.rows(places, images: images)
        )
        guard let result = SweepSummary.Comparison(timeShare: seconds / perImage, cosines: cosines) else {
            return nil
        }
        try write(row("--precision bf16, of the time", percent(result.timeShare)))
        try write(
            row(
                "--precision bf16, cosine of ∆i_c with float32's, \(images) pairs of \(cosines.count) channels, median and least",
                String(format: "%.7f, %.7f", result.medianCosine, result.leastCosine)))
        return result
    }

    private static func cosines(_ rows: [[Float]], _ others: [[Float]]) -> [Double] {
        zip(rows, others).map { zip($0, $1).reduce(Double(0)) { $0 + Double($1.0) * Double($1.1) } }
    }

    private func compare(
        _ sample: SweepSample, paths: (String, String), threads: Int, rate: Double, _ size: Size
    ) throws -> SweepSummary.Released? {
        let plain = PlainSweep()
        let pairs = try sample.pairs(every: size.sample.step, images: size.sample.images)
        switch try plain.embeddings(
            of: pairs.codes, generator: paths.0, clip: paths.1, threads: threads)
        {
        case .skipped(let reason):
            try write(row("released procedure in PyTorch", "skipped: \(reason)"))
            return nil
        case .measured(let result):
            let theirs = result.picturesPerSecond / 2
            try write(row("released procedure in PyTorch \(result.torch), pairs a second", number(theirs)))
            try write(row("the sweep against it", "\(number(rate / theirs)) times as fast"))
            let rows = try SweepSample.rows(of: result.embeddings, images: size.sample.images)
            let ours = try sample.rows(pairs.places, images: size.sample.images)
            let cosines = Self.cosines(rows, ours)
            let least = cosines.min() ?? .nan
            try write(
                row(
                    "cosine of ∆i_c with its, \(cosines.count) channels, least",
                    String(format: "%.7f", least)))
            return SweepSummary.Released(torch: result.torch, pairsPerSecond: theirs, leastCosine: least)
        }
    }

    private func writeLayers(
        _ sample: SweepSample, _ costs: [SweepSample.LayerCost], perImage: Double
    ) throws -> SweepSummary.Shares {
        let peak = try LayerMeasurement.peak()
        let layers = try LayerMeasurement.all(sample.generator, kernels: SynthesisKernels(sample.generator))
        // A pair of a layer's channel draws two pictures by the layers that follow it.
        let channels = Double(costs.reduce(0) { $0 + $1.channels })
        var runs: [Double] = []
        var before = 0.0
        for cost in costs {
            runs.append(before / channels)
            before += Double(cost.channels)
        }
        let perPicture = 1000 * perImage / channels / 2
        try write(
            "\n| layer, 1 thread | share of the sweep | ms | GFLOP/s | of bare oneDNN's | products' share | products' GFLOP/s, of peak |"
        )
        try write("|---|---:|---:|---:|---:|---:|---:|")
        var (inLayers, inProducts) = (0.0, 0.0)
        for (layer, run) in zip(layers, runs) {
            inLayers += run * layer.whole
            inProducts += run * layer.products
            try write(
                "| \(layer.name) | \(percent(run * layer.whole / perPicture)) | \(String(format: "%.3f", layer.whole)) "
                    + "| \(number(layer.reached)) | \(percent(layer.reached / layer.bare)) "
                    + "| \(percent(layer.products / layer.whole)) "
                    + "| \(number(layer.productRate)), \(percent(layer.productRate / peak)) |")
        }
        let embedding = try embeddingMilliseconds(sample)
        let work = embeddingOperations(sample.model.configuration) / 1e6 / embedding
        try write(
            "| embedding | \(percent(embedding / perPicture)) | \(String(format: "%.3f", embedding)) | \(number(work)) | | "
                + "| \(percent(work / peak)) of peak |")
        let rest = perPicture - inLayers - embedding
        try write(
            "| toRGB, changed channels, kept pictures, waiting | \(percent(rest / perPicture)) | \(String(format: "%.3f", rest)) | | | | |"
        )
        try write(
            "\nPeak of one thread: \(number(peak)) GFLOP/s in a matrix product within the cache, \(number(try LayerMeasurement.copyRate())) GB/s in a copy. "
                + "Of a picture's \(String(format: "%.3f", perPicture)) ms, \(percent(inProducts / perPicture)) are in the layers' matrix products, "
                + "\(percent((inLayers - inProducts) / perPicture)) in the transforms, styles and activations around them."
        )
        return SweepSummary.Shares(
            products: inProducts / perPicture, around: (inLayers - inProducts) / perPicture,
            embedding: embedding / perPicture)
    }

    /// Milliseconds of one picture's embedding on one thread, its preparation included.
    private func embeddingMilliseconds(_ sample: SweepSample) throws -> Double {
        let configuration = sample.generator.configuration
        let (height, width) = (configuration.resolution, configuration.width)
        let encoder = try sample.model.imageEncoder(batch: 20, imageResolution: height, imageWidth: width)
        var embeddings = Tensor(zeros: [20, sample.model.configuration.dimension])
        let picture = [Float](repeating: 0.25, count: 3 * height * width)
        let time = try LayerMeasurement.seconds {
            try picture.withUnsafeBufferPointer { picture in
                for place in 0..<20 {
                    try encoder.embed(picture, at: place, isLast: place == 19, into: &embeddings)
                }
            }
        }
        return 1000 * time / 20
    }

    /// Multiplications and additions of one picture's way through CLIP's image encoder, all but the last block whole.
    private func embeddingOperations(_ configuration: CLIPConfiguration) -> Double {
        let across = configuration.imageResolution / configuration.patchSize
        let (width, tokens) = (Double(configuration.image.width), Double(across * across + 1))
        let block = tokens * 12 * width * width + 2 * tokens * tokens * width
        let last = tokens * 2 * width * width + 10 * width * width
        let patches = tokens * width * 3 * Double(configuration.patchSize * configuration.patchSize)
        return 2 * (Double(configuration.image.layers - 1) * block + last + patches)
    }

    // MARK: Writing

    /// The most memory that this process has had resident, in bytes.
    private func residentPeak() -> Int {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss * 1024
    }

    private func row(_ name: String, _ value: String) -> String { "| \(name) | \(value) |" }

    private func percent(_ value: Double) -> String { "\(Int((100 * value).rounded())) %" }

    private func number(_ value: Double) -> String {
        value < 10
            ? String(format: value < 1 ? "%.3f" : "%.1f", value)
            : ProgressReporter.grouped(Int(value.rounded()))
    }

    private func write(_ line: String) throws { try StandardStream.output.write(line + "\n") }
}
