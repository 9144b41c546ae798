import CommandKit
import Editing
import Synchronization

/// What the command says on the way, on standard error.
final class OptimisationTalk: Sendable {
    private struct State {
        /// Of every face: steps taken, and the loss after them.
        var steps: [Int]
        var losses: [Float?]
    }

    private let isQuiet: Bool
    private let total: Int
    private let reporter: ProgressReporter
    private let began = ContinuousClock.now
    private let state: Mutex<State>

    init(quiet: Bool, faces: Int, steps: Int) {
        isQuiet = quiet
        total = faces * steps
        reporter = ProgressReporter(quiet: quiet, json: false)
        state = Mutex(
            State(steps: Array(repeating: 0, count: faces), losses: Array(repeating: nil, count: faces)))
    }

    /// - Parameter memory: What the networks take, in bytes.
    func announce(_ phrase: String, faces: Int, workers: Int, memory: Int) {
        guard !isQuiet else { return }
        let most = ProcessMemory.resident + ProcessMemory.growth(networks: memory)
        StandardStream.error.writeLine(
            "\(Terminal.printable(phrase, limit: 80)): \(faces) \(faces == 1 ? "face" : "faces"), "
                + "\(ProgressReporter.grouped(total)) steps by \(workers) \(workers == 1 ? "thread" : "threads"), at most \(most >> 20) MiB of memory"
        )
    }

    /// Of one face after one more step; the loss that is shown is the mean of all that have begun.
    func report(_ face: Int, _ latent: OptimisedLatent) {
        guard !isQuiet, let value = latent.values.last else { return }
        let (done, loss) = state.withLock { state in
            state.steps[face] = latent.stepsTaken
            state.losses[face] = value.loss
            let losses = state.losses.compactMap(\.self)
            return (state.steps.reduce(0, +), losses.reduce(0, +) / Float(losses.count))
        }
        reporter.report(
            stage: "optimising", unit: "steps, loss \(FixedDecimal.text(Double(loss), places: 3))",
            done: done,
            total: total, rate: Double(done) / ((.now - began) / .seconds(1)))
    }

    func finish() { reporter.finish() }
}
