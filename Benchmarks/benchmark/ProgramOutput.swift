import Foundation

/// A program ended otherwise than well.
struct ProgramFailure: Error, CustomStringConvertible {
    let program: String
    let status: Int32

    var description: String { "\(program) ended with status \(status)" }
}

/// What a program writes to standard output; its standard error is dropped.
/// - Throws: `ProgramFailure` where it does not end with status 0.
func output(of program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ProgramFailure(program: program, status: process.terminationStatus)
    }
    return String(decoding: data, as: UTF8.self)
}
