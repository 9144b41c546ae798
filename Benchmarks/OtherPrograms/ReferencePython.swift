import Foundation

/// The Python that runs the released code's procedures: $PYTHON, or python3.
public enum ReferencePython {
    public static let name = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"

    /// Whether it has these modules; where it has, any failure is one to be told of.
    public static func has(_ modules: String...) -> Bool {
        (try? output(["-c", "import " + modules.joined(separator: ", ")])) != nil
    }

    /// What it writes to standard output.
    /// - Throws: `ProgramFailure`.
    public static func output(_ arguments: [String]) throws -> String {
        try ProgramOutput.of(["/usr/bin/env", name] + arguments)
    }
}
