import CommandKit
import Foundation
import RelevanceDatabase

/// What the machine gives a build.
enum BuildMachine {
    /// One worker a processor that the program may use, and no more than a budget of memory holds.
    /// - Throws: `OptionError` where it does not hold one.
    static func workers(_ subject: some SweepSubject, budget: Int?) throws(OptionError) -> Int {
        let processors = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let available = availableMemory
        guard let budget = budget ?? available.map({ $0 / 2 }) else { return processors }
        // A tenth stays for sums and tables.
        let left = budget / 10 * 9
        guard let threads = (1...processors).last(where: { subject.memory(threads: $0) <= left }) else {
            let needed = subject.memory(threads: 1) / 9 * 10
            throw OptionError(
                "\(needed >> 20) MiB of memory are needed for one thread, and the build may have \(budget >> 20) "
                    + "(\(available.map { "\($0 >> 20) are free" } ?? "half of what is free")); "
                    + "--memory allows more, --render-resolution needs less")
        }
        return threads
    }

    /// Refuses what the kernel would end by force after a while.
    static func requireMemory(_ bytes: Int, threads: Int) throws(OptionError) {
        guard let available = availableMemory, bytes > available else { return }
        throw OptionError(
            "\(bytes >> 20) MiB of memory are needed for \(threads) threads, and \(available >> 20) MiB are free; "
                + "fewer --threads need less")
    }

    /// Bytes that the kernel would give without swapping.
    static var availableMemory: Int? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return kilobytes << 10
    }
}
