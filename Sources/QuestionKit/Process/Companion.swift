import DatabaseReading
// `environ` is a variable of C; nothing in these programs changes it.
@preconcurrency import Glibc
import ProgramFolder

/// Another program of ours at work for this one: it loads what this one does without.
///
/// Its standard input and output are the two ways of a socket; what it says on standard error is kept for the end.
struct Companion {
    private let name: String
    private let process: pid_t
    private let socket: Int32
    private let messages: Int32

    /// Starts a program that lies beside this one.
    /// - Throws: `CompanionError` where it is not there or cannot be run.
    init(_ name: String, _ arguments: [String]) throws(CompanionError) {
        let path = ProgramFolder.path + "/" + name
        guard access(path, X_OK) == 0 else {
            throw CompanionError("\(path) is not there; install the programs again", exitStatus: .noInput)
        }
        guard let data = Self.line() else {
            throw CompanionError("\(name): \(Self.reason(errno))", exitStatus: .ownFault)
        }
        guard let messages = Self.line() else {
            for end in [data.ours, data.theirs] { close(end) }
            throw CompanionError("\(name): \(Self.reason(errno))", exitStatus: .ownFault)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, data.theirs, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, data.theirs, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, messages.theirs, STDERR_FILENO)
        var words = ([name] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &actions, nil, &words, environ)
        close(data.theirs)
        close(messages.theirs)
        guard code == 0 else {
            close(data.ours)
            close(messages.ours)
            throw CompanionError("\(path) cannot be run: \(Self.reason(code))", exitStatus: .ownFault)
        }
        self.name = name
        self.process = process
        socket = data.ours
        self.messages = messages.ours
    }

    /// Runs a program to its end; what it wrote to standard output.
    /// - Throws: `CompanionError` with what it said where it did not end well.
    static func output(of name: String, _ arguments: [String]) throws(CompanionError) -> String {
        let companion = try Companion(name, arguments)
        shutdown(companion.socket, Int32(SHUT_WR))
        let bytes = companion.rest()
        let end = companion.ended()
        guard end.status == 0 else { throw companion.failure(end) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// False where the other end is closed.
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// That many bytes, or nil where the other end is closed before.
    func receive(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let more = bytes.withUnsafeMutableBytes {
                read(socket, $0.baseAddress?.advanced(by: done), count - done)
            }
            if more < 0 && errno == EINTR { continue }
            guard more > 0 else { return nil }
            done += more
        }
        return bytes
    }

    /// Everything until the other end closes.
    private func rest() -> [UInt8] { Self.all(of: socket, limit: .max) }

    /// Ends the program's input, and so the program some time after.
    func leave() {
        close(socket)
        close(messages)
    }

    /// Waits for the program's end, which comes when its input ends.
    func ended() -> (status: Int32, message: String) {
        close(socket)
        let text = Self.all(of: messages, limit: 1 << 16)
        close(messages)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return (status, String(decoding: text, as: UTF8.self))
    }

    /// The error for a program that ended so.
    func failure(_ end: (status: Int32, message: String)) -> CompanionError {
        // WIFEXITED and WEXITSTATUS are macros, which Swift does not see.
        let status = end.status >> 8 & 0xff
        guard end.status & 0x7f == 0, let exit = ExitStatus(rawValue: status), exit != .success else {
            return CompanionError("\(name) broke off", exitStatus: .ownFault)
        }
        let prefix = name + ": "
        let text = end.message.hasPrefix(prefix) ? String(end.message.dropFirst(prefix.count)) : end.message
        return CompanionError(text.isEmpty ? "\(name) failed" : text, exitStatus: exit)
    }

    // MARK: The system

    /// Two ends of a line; no program that is started inherits them unless told to.
    private static func line() -> (ours: Int32, theirs: Int32)? {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return socketpair(AF_UNIX, kind, 0, &ends) == 0 ? (ends[0], ends[1]) : nil
    }

    /// All bytes to the end, of which at most `limit` are kept.
    private static func all(of descriptor: Int32, limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return bytes }
            if bytes.count < limit { bytes += buffer.prefix(count) }
        }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// What kept another program of ours from its work, and how a command ends because of it.
public struct CompanionError: ExitingError, Hashable, CustomStringConvertible {
    public let description: String
    public let exitStatus: ExitStatus

    init(_ description: String, exitStatus: ExitStatus) {
        self.description = description
        self.exitStatus = exitStatus
    }
}
