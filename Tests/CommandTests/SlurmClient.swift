import Foundation
import Testing

/// Slurm's commands, as they talk to the cluster that `Tools/with-slurm` has started.
enum SlurmClient {
    /// What a command says; the test ends where it fails or takes longer than 20 seconds.
    static func output(_ command: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let (output, error) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "--kill-after=1", "20", command] + arguments
        process.standardOutput = output
        process.standardError = error
        try process.run()
        // A line or two: less than a pipe holds.
        process.waitUntilExit()
        let said = [output, error].map {
            String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        try #require(process.terminationStatus == 0, "\(command) \(arguments): \(said)")
        return said[0]
    }

    /// Waits for something, two minutes at most; false where it does not come.
    static func wait(until condition: () throws -> Bool) rethrows -> Bool {
        let deadline = Date(timeIntervalSinceNow: 120)
        while try !condition() {
            guard Date() < deadline else { return false }
            usleep(100_000)
        }
        return true
    }
}
