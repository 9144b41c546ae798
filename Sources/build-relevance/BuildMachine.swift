import CommandKit
import Foundation
import RelevanceDatabase

/// What the machine gives a build, and what of it the program has taken already.
struct BuildMachine {
    /// The most that the program may have resident, in bytes; nil where nobody knows what is free.
    private let budget: Int?
    private let isAsked: Bool
    private let available = ProcessMemory.available
    private let resident = ProcessMemory.resident

    /// To be made once the models are open: what is mapped of their files counts as well.
    /// - Parameter asked: Bytes that `--memory` allows; nil for half of what is free.
    init(budget asked: Int?) {
        isAsked = asked != nil
        budget = asked ?? available.map { $0 / 2 }
    }

    /// The most that the program will have resident, in bytes, where the build takes so much.
    func total(_ build: Int) -> Int { resident + ProcessMemory.growth(networks: build) }

    /// Threads for the sweep: as many as are asked for or, left to us, one a processor as far as the budget goes.
    /// - Throws: `OptionError` where the budget does not go as far; it says what would do.
    func threads(_ subject: some SweepSubject, asked: Int?) throws(OptionError) -> Int {
        let processors = max(1, ProcessInfo.processInfo.activeProcessorCount)
        // Half of what is free is our own choice, and gives way to what is asked for.
        guard let budget, asked == nil || isAsked else { return asked ?? processors }
        let choices = asked.map { $0...$0 } ?? 1...processors
        if let threads = choices.last(where: { total(subject.buildMemory(threads: $0)) <= budget }) {
            return threads
        }
        let needed = total(subject.buildMemory(threads: choices.lowerBound))
        // Somewhat more than now, for the next run's libraries may lie otherwise.
        let enough = (needed >> 20) / 8 * 8 + 16
        throw OptionError(
            "\(needed >> 20) MiB of memory are needed for \(choices.lowerBound == 1 ? "one thread" : "\(choices.lowerBound) threads"), "
                + "and the build may have \(budget >> 20) (\(available.map { "\($0 >> 20) are free" } ?? "half of what is free")); "
                + "--memory \(enough)M would do, --render-resolution needs less")
    }
}
