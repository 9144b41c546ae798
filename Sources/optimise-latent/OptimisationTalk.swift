import CommandKit
import Editing

/// What the command says on the way, on standard error.
struct OptimisationTalk {
    private let isQuiet: Bool
    private let total: Int
    private let reporter: ProgressReporter
    private let began = ContinuousClock.now

    init(quiet: Bool, faces: Int, steps: Int) {
        isQuiet = quiet
        total = faces * steps
        reporter = ProgressReporter(quiet: quiet, json: false)
    }

    /// - Parameters:
    ///   - remark: On the phrase's words.
    ///   - memory: What the networks take, in bytes.
    func announce(_ phrase: String, remark: String?, faces: Int, workers: Int, memory: Int) {
        guard !isQuiet else { return }
        if let remark { StandardStream.error.writeLine(remark) }
        let most = ProcessMemory.resident + ProcessMemory.growth(networks: memory)
        StandardStream.error.writeLine(
            "\(Terminal.printable(phrase, limit: 80)): \(faces) \(faces == 1 ? "face" : "faces"), "
                + "\(ProgressReporter.grouped(total)) steps by \(workers) \(workers == 1 ? "thread" : "threads"), at most \(most >> 20) MiB of memory"
        )
    }

    /// Of all faces after one more step of each, with the mean of their losses.
    func report(_ latents: [OptimisedLatent]) {
        guard !isQuiet else { return }
        let losses = latents.compactMap { $0.values.last?.loss }
        let loss = losses.reduce(0, +) / Float(max(1, losses.count))
        let done = latents.reduce(0) { $0 + $1.stepsTaken }
        reporter.report(
            stage: "optimising", unit: "steps, loss \(FixedDecimal.text(Double(loss), places: 3))",
            done: done, total: total, rate: Double(done) / ((.now - began) / .seconds(1)))
    }

    func finish() { reporter.finish() }
}
