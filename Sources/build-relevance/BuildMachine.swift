import CommandKit
import Foundation

/// What the machine gives a build.
enum BuildMachine {
    /// One worker a processor that the program may use, and no more than the free memory holds.
    static func workers(memoryPerWorker: Int) -> Int {
        let processors = max(1, ProcessInfo.processInfo.activeProcessorCount)
        guard let available = availableMemory else { return processors }
        // A fifth stays for sums, tables and everybody else.
        return min(processors, max(1, available / 5 * 4 / max(1, memoryPerWorker)))
    }

    /// Refuses what the kernel would end by force after a while.
    static func requireMemory(_ bytes: Int, threads: Int, batch: Int) throws(OptionError) {
        guard let available = availableMemory, bytes > available else { return }
        throw OptionError(
            "\(bytes >> 20) MiB of memory are needed for \(threads) threads with \(batch) pictures each, and "
                + "\(available >> 20) MiB are free; smaller --threads or --batch need less",
            exitStatus: .usage)
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
