import CommandKit
import Editing

/// What a training says: its needs and progress on standard error, its result on standard output.
struct MapperTalk {
    private struct Evaluation: Encodable {
        let stage = "evaluation"
        let steps: Int
        let cosine: Float
        let uneditedCosine: Float
        let distance: Float
    }

    private struct Result: Encodable {
        let file: String
        let phrase: String
        let steps: Int
        let cosine: Float
        let uneditedCosine: Float
        let distance: Float
        let seconds: Double
    }

    private let path: String
    private let phrase: String
    private let quiet: Bool
    private let json: Bool
    private let reporter: ProgressReporter

    init(path: String, phrase: String, quiet: Bool, json: Bool) {
        self.path = path
        self.phrase = phrase
        self.quiet = quiet
        self.json = json
        reporter = ProgressReporter(quiet: quiet, json: json)
    }

    /// - Parameters:
    ///   - remark: On the phrase's words.
    ///   - memory: What the training takes, in bytes.
    func announce(_ training: MapperTraining, remark: String?, steps: Int, threads: Int, memory: Int) {
        guard !quiet, !json else { return }
        if let remark { StandardStream.error.writeLine(remark) }
        let most = ProcessMemory.resident + ProcessMemory.growth(networks: memory)
        let done = training.steps > 0 ? ", \(ProgressReporter.grouped(training.steps)) of them done" : ""
        StandardStream.error.writeLine(
            "\(Terminal.printable(path)): \(ProgressReporter.grouped(steps)) steps of \(training.settings.batch) faces\(done), "
                + "by \(threads) threads, at most \(most >> 20) MiB of memory")
    }

    func report(_ done: Int, of steps: Int, rate: Double) {
        reporter.report(stage: "training", unit: "steps", done: done, total: steps, rate: rate)
    }

    func report(_ evaluation: (edited: MapperTrainer.Loss, unedited: Float), at steps: Int) {
        guard !quiet || json else { return }
        reporter.finish()
        let line =
            json
            ? try? JSONText.encode(
                Evaluation(
                    steps: steps, cosine: evaluation.edited.cosine, uneditedCosine: evaluation.unedited,
                    distance: evaluation.edited.distance))
            : "after \(ProgressReporter.grouped(steps)) steps, on faces held out: \(Self.text(evaluation))"
        if let line { StandardStream.error.writeLine(line) }
    }

    func finish() { reporter.finish() }

    func conclude(
        _ trainer: MapperTrainer, evaluation: (edited: MapperTrainer.Loss, unedited: Float), took: Duration
    ) throws {
        let seconds = took / .seconds(1)
        if json {
            let result = Result(
                file: path, phrase: phrase, steps: trainer.steps, cosine: evaluation.edited.cosine,
                uneditedCosine: evaluation.unedited, distance: evaluation.edited.distance, seconds: seconds)
            try StandardStream.output.write(JSONText.encode(result) + "\n")
        } else if !quiet {
            try StandardStream.output.write(
                "\(Terminal.printable(path)): \(ProgressReporter.grouped(trainer.steps)) steps in "
                    + "\(ProgressReporter.duration(seconds)); on faces held out \(Self.text(evaluation))\n")
        }
    }

    private static func text(_ evaluation: (edited: MapperTrainer.Loss, unedited: Float)) -> String {
        func decimal(_ value: Float) -> String { FixedDecimal.text(Double(value), places: 4) }
        return
            "cosine to the phrase \(decimal(evaluation.edited.cosine)), unedited \(decimal(evaluation.unedited)); "
            + "mean square of a step \(decimal(evaluation.edited.distance))"
    }
}
