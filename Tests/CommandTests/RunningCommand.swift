import Foundation
import TestSupport
import Testing

/// A built command at work, as a shell would run it.
final class RunningCommand {
    /// How a command ended, and what it said.
    struct Result {
        let status: Int32
        /// Whether it was SIGKILL that ended it.
        let isKilled: Bool
        let output: String
        let error: String

        /// The objects of an answer in JSON, a line each.
        func objects() throws -> [[String: Any]] {
            try output.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
    }

    private let process = Process()
    private let folder: TemporaryFolder

    /// Starts a command of the folder that the tests were built into.
    /// - Parameters:
    ///   - output: Where standard output goes; a file that `wait` reads unless told otherwise.
    ///   - ignoringInterrupts: Whether SIGINT is ignored from the start, as in the background of a script.
    ///   - fileKilobytes: To what its files may grow; unlimited unless told otherwise.
    init(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], output: String? = nil,
        ignoringInterrupts: Bool = false, fileKilobytes: Int? = nil
    ) throws {
        folder = try TemporaryFolder()
        for file in ["output", "error"] { try Data().write(to: URL(fileURLWithPath: folder.file(file))) }
        let command = Self.builtFolder + "/" + name
        var preparation = ignoringInterrupts ? "trap '' INT; " : ""
        // sh counts in blocks of 512 bytes.
        if let fileKilobytes { preparation += "ulimit -f \(2 * fileKilobytes); " }
        if !preparation.isEmpty {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", preparation + "exec \"$0\" \"$@\"", command] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: command)
            process.arguments = arguments
        }
        process.environment = ProcessInfo.processInfo.environment
            .merging(["HOME": folder.path, "XDG_DATA_HOME": folder.path]) { $1 }.merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(
            forWritingTo: URL(fileURLWithPath: output ?? folder.file("output")))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("error")))
        try process.run()
    }

    /// Runs a command to its end.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], output: String? = nil
    ) throws -> Result {
        try RunningCommand(name, arguments, environment: environment, output: output).wait()
    }

    /// Runs a command that is to end well.
    static func succeed(
        _ name: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Result {
        let result = try run(name, arguments)
        #expect(result.status == 0, "\(name): \(result.error)", sourceLocation: sourceLocation)
        return result
    }

    /// What the command has written to standard error by now.
    var error: String { text("error") }

    /// The most memory that it has had resident so far, in bytes; nil once it has ended.
    var residentPeak: Int? {
        let path = "/proc/\(process.processIdentifier)/status"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
        else { return nil }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map {
            $0 << 10
        }
    }

    var isRunning: Bool { process.isRunning }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for the end; a command that has none within ten minutes is killed.
    func wait() -> Result {
        if !wait(until: { !process.isRunning }) { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            isKilled: process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL,
            output: text("output"), error: text("error"))
    }

    /// Waits until something holds; false where it does not within ten minutes, or the command ended before.
    func wait(until condition: () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 600)
        while !condition() {
            guard process.isRunning, Date() < deadline else { return condition() }
            usleep(20_000)
        }
        return true
    }

    /// No test leaves a process behind.
    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    private func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: folder.file(name)) ?? Data(), as: UTF8.self)
    }

    /// The folder of the test bundle: the commands are built into the same.
    static let builtFolder: String = {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return program.deletingLastPathComponent().path
    }()
}

/// Runs a command to its end.
func run(_ command: String, _ arguments: [String]) throws -> RunningCommand.Result {
    try RunningCommand.run(command, arguments)
}
