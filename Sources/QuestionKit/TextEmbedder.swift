import DatabaseReading
// `environ` is a variable of C; nothing in these programs changes it.
@preconcurrency import Glibc
import ProgramFolder

/// CLIP's text encoder at work in a program of its own, `embed-text`.
///
/// A query that needs no text encoded is over before the encoder's libraries would have been loaded. Phrases go
/// through a socket, a NUL behind each and one more behind the last of a request; rows of float32 come back.
public final class TextEmbedder {
    /// Phrases of one request: few enough that a request and its answer never wait for one another.
    private static let largestRequest = 512

    private let arguments: [String]
    private let dimension: Int
    private var encoder: Encoder?

    /// The running program.
    private struct Encoder {
        let process: pid_t
        let socket: Int32
        let messages: Int32
    }

    public init(database: RelevanceDatabase, clip: CLIPOptions, templates: String?) {
        dimension = database.manifest.dimension
        arguments =
            ["embed-text", "--null", "--store=\(database.path)"]
            + [("clip", clip.clip), ("merges", clip.merges), ("templates", templates)]
            .compactMap { name, value in value.map { "--\(name)=\($0)" } }
    }

    deinit {
        guard let encoder else { return }
        _ = Self.ended(encoder)
    }

    /// Embeds phrases: `[phrases.count][d]`, unit norm.
    /// - Throws: `EmbedderError` with what the program said.
    public func embeddings(of phrases: [String]) throws(EmbedderError) -> [[Float]] {
        var embeddings: [[Float]] = []
        embeddings.reserveCapacity(phrases.count)
        for first in stride(from: 0, to: phrases.count, by: Self.largestRequest) {
            let part = phrases[first..<min(first + Self.largestRequest, phrases.count)]
            embeddings += try answer(to: part)
        }
        return embeddings
    }

    /// Starts the program and waits until it has found CLIP to be the one that the database was built with.
    /// - Throws: `EmbedderError`.
    public func start() throws(EmbedderError) {
        let encoder = try running()
        guard Self.send([0], to: encoder.socket), Self.receive(1, from: encoder.socket) != nil else {
            throw failure()
        }
    }

    private func answer(to phrases: ArraySlice<String>) throws(EmbedderError) -> [[Float]] {
        let encoder = try running()
        var request: [UInt8] = []
        for phrase in phrases { request += Array(phrase.utf8) + [0] }
        request.append(0)
        let size = dimension * MemoryLayout<Float>.size
        guard Self.send(request, to: encoder.socket), Self.receive(1, from: encoder.socket) != nil,
            let bytes = Self.receive(phrases.count * size, from: encoder.socket)
        else { throw failure() }
        return bytes.withUnsafeBytes { bytes in
            phrases.indices.map { phrase in
                let start = (phrase - phrases.startIndex) * size
                return (0..<dimension).map {
                    bytes.loadUnaligned(
                        fromByteOffset: start + $0 * MemoryLayout<Float>.size, as: Float.self)
                }
            }
        }
    }

    // MARK: The program

    private func running() throws(EmbedderError) -> Encoder {
        if let encoder { return encoder }
        let made = try Self.started(arguments)
        encoder = made
        return made
    }

    private static func started(_ arguments: [String]) throws(EmbedderError) -> Encoder {
        let path = ProgramFolder.path + "/embed-text"
        guard access(path, X_OK) == 0 else {
            throw EmbedderError("\(path) is not there; install the programs again", exitStatus: .noInput)
        }
        guard let data = socketPair() else {
            throw EmbedderError("embed-text: \(systemReason(errno))", exitStatus: .ownFault)
        }
        guard let messages = socketPair() else {
            for end in [data.ours, data.theirs] { close(end) }
            throw EmbedderError("embed-text: \(systemReason(errno))", exitStatus: .ownFault)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, data.theirs, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, data.theirs, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, messages.theirs, STDERR_FILENO)
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &actions, nil, &words, environ)
        close(data.theirs)
        close(messages.theirs)
        guard code == 0 else {
            close(data.ours)
            close(messages.ours)
            throw EmbedderError("\(path) cannot be run: \(systemReason(code))", exitStatus: .ownFault)
        }
        return Encoder(process: process, socket: data.ours, messages: messages.ours)
    }

    /// Two ends of a line; no program that is started inherits them unless told to.
    private static func socketPair() -> (ours: Int32, theirs: Int32)? {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return socketpair(AF_UNIX, kind, 0, &ends) == 0 ? (ends[0], ends[1]) : nil
    }

    /// Why the program gave no answer.
    private func failure() -> EmbedderError {
        guard let encoder else { return EmbedderError("embed-text is not running", exitStatus: .ownFault) }
        self.encoder = nil
        let (status, message) = Self.ended(encoder)
        // WIFEXITED and WEXITSTATUS are macros, which Swift does not see.
        guard status & 0x7f == 0, let exit = ExitStatus(rawValue: status >> 8 & 0xff), exit != .success else {
            return EmbedderError("embed-text broke off", exitStatus: .ownFault)
        }
        let prefix = "embed-text: "
        let text = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
        return EmbedderError(text.isEmpty ? "embed-text failed" : text, exitStatus: exit)
    }

    /// Waits for the program's end, which comes when its input ends; the status, and what it had to say.
    private static func ended(_ encoder: Encoder) -> (status: Int32, message: String) {
        close(encoder.socket)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(encoder.messages, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            if text.count < 1 << 16 { text += buffer.prefix(count) }
        }
        close(encoder.messages)
        var status: Int32 = 0
        while waitpid(encoder.process, &status, 0) < 0 && errno == EINTR {}
        return (status, String(decoding: text, as: UTF8.self))
    }

    // MARK: The socket

    /// False where the other end is closed.
    private static func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
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
    private static func receive(_ count: Int, from socket: Int32) -> [UInt8]? {
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
}

private func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }

/// What kept the text encoder from embedding, and how a command ends because of it.
public struct EmbedderError: ExitingError, Hashable, CustomStringConvertible {
    public let description: String
    public let exitStatus: ExitStatus

    init(_ description: String, exitStatus: ExitStatus) {
        self.description = description
        self.exitStatus = exitStatus
    }
}
