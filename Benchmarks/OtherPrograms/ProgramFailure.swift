/// A program ended otherwise than well.
public struct ProgramFailure: Error, CustomStringConvertible {
    public let program: String
    public let status: Int32
    /// The last line that it wrote to standard error, where that was kept.
    public var lastLine = ""

    public var description: String {
        "\(program) ended with status \(status)" + (lastLine.isEmpty ? "" : ": \(lastLine)")
    }
}
