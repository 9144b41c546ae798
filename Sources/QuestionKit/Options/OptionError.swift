/// Options that are well-formed, but cannot be followed.
public struct OptionError: ExitingError, Hashable, CustomStringConvertible {
    public let description: String
    public let exitStatus: ExitStatus

    public init(_ description: String, exitStatus: ExitStatus = .usage) {
        self.description = description
        self.exitStatus = exitStatus
    }
}
