import Foundation

/// Other programs, run to their end.
public enum ProgramOutput {
    /// What a program writes to standard output.
    /// - Parameter words: Its path and arguments.
    /// - Throws: `ProgramFailure` where it does not end with status 0.
    public static func of(_ words: [String]) throws -> String {
        let process = Process()
        let (output, errors) = (Pipe(), try TemporaryErrors())
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.standardOutput = output
        process.standardError = errors.handle
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ProgramFailure(
                program: words.joined(separator: " "), status: process.terminationStatus,
                lastLine: errors.lastLine)
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The most memory in bytes that any of them has had resident by now.
    public static var peakMemory: Int {
        var usage = rusage()
        getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        return usage.ru_maxrss << 10
    }
}

/// A file for what a program complains of: a second pipe would have to be read beside the first.
private final class TemporaryErrors {
    let handle: FileHandle
    private let path = FileManager.default.temporaryDirectory.path + "/errors-\(UUID().uuidString)"

    init() throws {
        try Data().write(to: URL(fileURLWithPath: path))
        handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    }

    var lastLine: String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
