/// How a command ends, as `sysexits.h` has it.
public enum ExitStatus: Int32, Sendable {
    case success = 0
    /// The command line cannot be understood or asks for what is not possible.
    case usage = 64
    /// A file's content is not what it must be.
    case badData = 65
    /// A file or folder to be read is not there, or not readable.
    case noInput = 66
    /// The program's own fault.
    case ownFault = 70
    /// A file or folder cannot be made.
    case cannotCreate = 73
    /// Reading or writing failed on the way.
    case inputOutput = 74
    /// Another is at work; later it will go.
    case busy = 75
    /// Stopped by SIGINT or SIGTERM.
    case interrupted = 130
}
