import Foundation
import TestSupport

@testable import Checkpoints

/// Opens a checkpoint of these bytes; its file is gone when this returns, the mapping is not.
func checkpoint(_ bytes: [UInt8]) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    let path = folder.file("weights")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try Checkpoint.open(path: path)
}

/// What is wrong with these bytes, or nil where they open and every tensor loads.
func fault(_ bytes: [UInt8]) throws -> FormatError? {
    do {
        let checkpoint = try checkpoint(bytes)
        for name in checkpoint.names { _ = try checkpoint.tensor(name) }
        return nil
    } catch CheckpointError.format(_, let error) {
        return error
    }
}

/// A Python with NumPy and safetensors, where the environment names one: it reads our files as their users do.
enum TestPython {
    static let path = ProcessInfo.processInfo.environment["TEST_PYTHON"].flatMap {
        FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil
    }

    static var isPresent: Bool { path != nil }

    /// What the program prints, whose arguments are `arguments`.
    static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "/")
        process.arguments = ["-c", program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
