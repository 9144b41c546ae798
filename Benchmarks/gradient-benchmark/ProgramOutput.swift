import CommandKit
import Foundation

/// Other programs, run to their end.
enum ProgramOutput {
    /// What a program writes to standard output.
    /// - Parameter words: Its path and arguments.
    /// - Throws: `OptionError` where it does not end well.
    static func of(_ words: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw OptionError(
                "\(words.joined(separator: " ")) ended with status \(process.terminationStatus)",
                exitStatus: .ownFault)
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The most memory in bytes that any of them has had resident by now.
    static var peakMemory: Int {
        var usage = rusage()
        getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        return usage.ru_maxrss << 10
    }
}
