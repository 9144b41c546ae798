import CommandKit
import RelevanceDatabase

/// What a build says: its needs and progress on standard error, its result on standard output.
struct BuildTalk: Sendable {
    private struct Result: Encodable {
        let store: String
        let pairs: Int
        let channels: Int
        let part: String?
        let method: TableMethod
        let fewestPairs: Int?
        let meanPairs: Double?
        let agreement: GradientRecord.Agreement?
        let sketchEnergy: Double?
        let zeroRows: Int?
        let seconds: Double
    }

    private let quiet: Bool
    private let json: Bool
    private let method: TableMethod
    private let reporter: ProgressReporter

    /// - Parameter isLogged: Whether lines of a log come between, beside which no bar can stand.
    init(quiet: Bool, json: Bool, method: TableMethod, isLogged: Bool) {
        self.quiet = quiet
        self.json = json
        self.method = method
        reporter =
            isLogged && !quiet && !json
            ? ProgressReporter(style: .lines) : ProgressReporter(quiet: quiet, json: json)
    }

    func announce(_ needs: BuildNeeds, memory: Int, _ request: BuildRequest) {
        guard !quiet, !json else { return }
        let work =
            switch (needs.pairs, request.method) {
            case (0, _): "nothing left to sweep"
            case (_, .pairs): "\(ProgressReporter.grouped(needs.pairs)) pairs to sweep"
            case (_, .gradient): "\(ProgressReporter.grouped(needs.pairs)) derivatives to take"
            }
        StandardStream.error.writeLine(
            "\(Terminal.printable(request.path)): \(work) by \(request.workers) threads, "
                + "at most \(memory >> 20) MiB of memory and \(max(1, needs.disk >> 20)) MiB of disk"
        )
    }

    @Sendable func report(_ progress: BuildProgress) {
        let (stage, unit) =
            switch progress.stage {
            case .statistics: ("statistics", "samples")
            case .sweep: ("sweep", method == .pairs ? "pairs" : "derivatives")
            case .verification: ("verification", "steps")
            }
        reporter.report(
            stage: stage, unit: unit, done: progress.done, total: progress.total, rate: progress.rate)
    }

    func finish() { reporter.finish() }

    func conclude(
        _ request: BuildRequest, pairs: Int, channels: Int, gradient: GradientRecord?,
        tolerance: ToleranceRecord?, took: Duration
    ) throws {
        let seconds = took / .seconds(1)
        // Channels of layers that were not asked for have none.
        let counts = tolerance?.pairs?.filter { $0 > 0 }
        let mean = counts.map { Double($0.reduce(0, +)) / Double(max(1, $0.count)) }
        if json {
            let result = Result(
                store: request.path, pairs: pairs, channels: channels, part: request.shard?.description,
                method: request.method, fewestPairs: counts?.min(), meanPairs: mean,
                agreement: gradient?.agreement,
                sketchEnergy: gradient?.sketch?.energy, zeroRows: gradient?.zeroRows, seconds: seconds)
            try StandardStream.output.write(JSONText.encode(result) + "\n")
        } else if !quiet {
            let part = request.shard.map { "part \($0) of a build, " } ?? ""
            let made =
                if let fewest = counts?.min(), let most = counts?.max(), let mean {
                    "\(fewest) to \(most) pairs, \(FixedDecimal.text(mean, places: 1)) on average,"
                } else if request.method == .pairs {
                    "\(pairs) pairs"
                } else {
                    "derivatives of \(pairs) images"
                }
            try StandardStream.output.write(
                "\(Terminal.printable(request.path)): \(part)\(made) for each of "
                    + "\(ProgressReporter.grouped(channels)) channels, in \(ProgressReporter.duration(seconds))\n"
                    + (gradient.map { GradientReport($0).lines.map { $0 + "\n" }.joined() } ?? "")
            )
        }
    }
}
