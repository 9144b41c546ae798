import Glibc

/// Standard output or error, written at once and to the last byte.
///
/// A result that could not be written is an error of the command: a full disk behind `>` does not go unseen.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes text.
    /// - Throws: `StreamError` with the system's reason.
    public func write(_ text: String) throws(StreamError) { try write(bytes: Array(text.utf8)) }

    /// Writes bytes.
    /// - Throws: `StreamError` with the system's reason.
    public func write(bytes: [UInt8]) throws(StreamError) {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw StreamError(stream: self, reason: String(cString: strerror(errno)))
            }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Writes a line, whatever becomes of it: for messages, whose loss must not end the work.
    public func writeLine(_ text: String) { try? write(text + "\n") }
}

/// A standard stream that takes no more.
public struct StreamError: Error, Hashable, Sendable, CustomStringConvertible {
    public let stream: StandardStream
    public let reason: String

    public var description: String {
        "standard \(stream == .output ? "output" : "error") cannot be written: \(reason)"
    }
}
