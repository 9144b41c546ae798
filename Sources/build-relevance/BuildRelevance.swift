import ArgumentParser
import BuildKit
import CLIP
import CommandKit
import Foundation
import NeuralLayers
import Relevance
import RelevanceDatabase
import StyleGAN

extension SweepSettings.Centre: ExpressibleByArgument {}
extension TableMethod: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

@main struct BuildRelevance: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-relevance",
        abstract:
            "Sweep every style channel of a generator, and keep what each does to pictures in a database.",
        discussion: """
            A build may be stopped at any moment; the same command goes on where it
            stopped. More --pairs than a database has are added to those it has.

            Examples:
              build-relevance                  the embedded animal faces, 100 pairs
              build-relevance --pairs 200      100 more
              build-relevance --generator ffhq.pkl --clip ViT-B-32.pt \
                  --neutral "a face" --store store/ffhq
              build-relevance --pairs 400 --tolerance 0.1
                                               as many as each channel needs, 400 at most
              build-relevance --shard 3/16 --store part3
                                               a sixteenth; see merge-relevance
              build-relevance --method gradient --generator ffhq.pkl --clip ViT-B-32.pt
                                               nearly the same table, in a fraction of the time
            """,
        version: ProgramVersion.current)

    /// What to do with a database that is there.
    enum Start: String, EnumerableFlag {
        case resume, restart

        static func help(for value: Start) -> ArgumentHelp? {
            switch value {
            case .resume: "Go on with the database that is there, if one is."
            case .restart: "Build anew; the old database answers until the new one is complete."
            }
        }
    }

    @Option(parsing: .unconditional, help: "Pairs of pictures a channel.")
    var pairs = SweepSettings.defaultPairs

    @Option(
        parsing: .unconditional,
        help: "How far a channel is moved to either side, in its standard deviations.")
    var alpha: Float = 5

    @Option(help: "Around what a channel is moved: each sample's own style, or the mean style.")
    var centre = SweepSettings.Centre.sample

    @Option(parsing: .unconditional, help: "The seed of the pictures, as NumPy's RandomState takes it.")
    var seed: UInt32 = 1

    @Option(parsing: .unconditional, help: "Truncation ψ of the pictures.")
    var truncation: Float = 0.7

    @Option(parsing: .unconditional, help: "Samples behind every channel's mean and standard deviation.")
    var statisticsSamples = 100_000

    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var work: WorkOptions
    @OptionGroup var gradients: GradientOptions

    @Option(help: "The phrase that queries lead away from unless told otherwise.")
    var neutral: String?

    @Flag(exclusivity: .exclusive)
    var start = Start.resume

    @Option(
        parsing: .unconditional,
        help: "Threads that sweep side by side. Default: one a processor, as memory allows.")
    var threads: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Memory that the program may take, for example 3G.", discussion: "Default: half of what is free.",
            valueName: "size"))
    var memory: MemorySize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Draw pictures of this height and sweep the layers up to it.",
            discussion:
                "A smaller picture that the generator makes on its way is embedded in place of the whole one.",
            valueName: "pixels"))
    var renderResolution: Int?

    @Option(
        help: ArgumentHelp(
            "What the factors of the generator's products are rounded to.",
            discussion:
                "bf16 takes about two thirds of the time. What channels of small effect do drowns in its rounding; sweep-benchmark prints by how much."
        ))
    var precision = Precision.float32

    @Option(
        help: "Log what is done from this level of importance on: info tells of stages, debug of each unit.")
    var logLevel = BuildLog.Threshold.warning

    @Flag(help: "Say nothing on the way.")
    var quiet = false

    @Flag(help: "Progress and result as lines of JSON.")
    var json = false

    private var settings: SweepSettings {
        get throws {
            try SweepSettings(
                alpha: alpha, centre: centre, truncationPsi: truncation, seed: seed,
                statisticsSamples: statisticsSamples, renderResolution: renderResolution)
        }
    }

    func validate() throws {
        let limit = Int(ChannelSums.pairLimit)
        guard (1...limit).contains(pairs) else {
            throw ValidationError("--pairs is \(pairs); it must be from 1 to \(limit)")
        }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is \(threads); it must be from 1 to 1024")
        }
        if let neutral { try DirectionOptions.requireVisible(neutral, as: "--neutral") }
        if !precision.isFast {
            throw ValidationError(
                "--precision bf16 needs AVX-512's bfloat16 instructions, which this program was not compiled for; without them it "
                    + "would be slower than float32")
        }
        do { _ = try settings } catch { throw ValidationError("\(error)") }
        guard gradients.method == .gradient else { return }
        if centre != .sample {
            throw ValidationError(
                "--centre mean is of pairs; a derivative is taken at the sample's own style")
        }
        if gradients.verify ?? 0 > 0, work.shard != nil {
            throw ValidationError(
                "--verify is of a whole table; give it to build-relevance again once merge-relevance has made one"
            )
        }
        if work.tolerance != nil {
            throw ValidationError(
                "--tolerance is of pairs; an image's derivatives come for all channels at once, so none can stop early"
            )
        }
        if precision != .float32 {
            throw ValidationError("--precision is of pairs; derivatives are taken in float32")
        }
    }

    func run() throws {
        let began = ContinuousClock.now
        InterruptMonitor.start()
        let (generator, generatorRecord) = try generator.open()
        let (model, clipRecord) = try clip.open()
        let shard = try work.part()
        let path = database.path(generator: self.generator.generator, shard: shard)
        let sketch = try gradients.sketch(
            model, clipRecord, neutral: neutral ?? defaultNeutral, path: start == .restart ? nil : path,
            isQuiet: quiet || json)
        let subject = try ModelSubject(
            generator: generator, model: model, renderResolution: renderResolution,
            method: gradients.method, precision: precision, sketch: sketch?.directions)
        var request = BuildRequest(
            path: path, generator: generatorRecord, clip: clipRecord,
            settings: try settings, pairs: pairs, neutral: neutral ?? defaultNeutral,
            toolVersion: ProgramVersion.current)
        let machine = BuildMachine(budget: memory?.bytes)
        request.workers = try machine.threads(subject, asked: threads)
        request.changesNeutral = neutral != nil
        request.precision = precision.rawValue
        request.restart = start == .restart
        request.shard = shard
        request.layers = try work.names(of: subject.layers)
        request.tolerance = try work.toleranceRecord
        try gradients.fill(&request, layers: subject.layers)
        request.sketch = sketch

        let builder = try DatabaseBuilder(request, subject: subject, log: BuildLog.logger(from: logLevel))
        let talk = BuildTalk(
            quiet: quiet, json: json, method: gradients.method, isLogged: logLevel != .warning)
        let needs = try builder.needs()
        talk.announce(needs, memory: machine.total(needs.memory), request)
        try ProcessMemory.requireFree(networks: needs.memory, threads: request.workers)
        let outcome = try builder.run(isCancelled: { InterruptMonitor.isInterrupted }, progress: talk.report)
        talk.finish()
        switch outcome {
        case .complete(let pairs):
            if shard == nil { BuildCatalogue.record(databaseAt: request.path) }
            try talk.conclude(
                request, pairs: pairs, channels: builder.channels, gradient: builder.gradient,
                tolerance: builder.tolerance, took: .now - began)
        case .interrupted(let done, let asked):
            throw Interruption(
                "stopped at \(done) of \(asked) pairs a channel; the same command goes on from there")
        }
    }

    private var defaultNeutral: String { generator.generator == nil ? "animal face" : "a face" }
}
