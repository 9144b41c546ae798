import CommandKit
import Glibc

/// Requests for embeddings as they come in: phrases, each with its end mark, and an empty one behind the last.
struct PhraseInput {
    /// A request beyond this, in bytes, is none that a program of ours makes.
    private static let largestRequest = 64 << 20

    private let descriptor: Int32
    private let separator: UInt8
    private var bytes: [UInt8] = []
    private var isAtEnd = false
    private var hasAnswered = false

    init(descriptor: Int32, separator: UInt8) {
        self.descriptor = descriptor
        self.separator = separator
    }

    /// The next request's phrases; the end of the input ends the last one. Nil once there is none.
    /// - Throws: `OptionError` where a phrase is not UTF-8, with its place, or the request is too large.
    mutating func request() throws -> [String]? {
        var phrases: [String] = []
        var start = 0
        while true {
            while let end = bytes[start...].firstIndex(of: separator) {
                let phrase = try text(bytes[start..<end], number: phrases.count + 1)
                start = end + 1
                guard !phrase.isEmpty else {
                    bytes.removeFirst(start)
                    return phrases
                }
                phrases.append(phrase)
            }
            if isAtEnd {
                if start < bytes.count {
                    phrases.append(try text(bytes[start...], number: phrases.count + 1))
                }
                bytes = []
                return phrases.isEmpty ? nil : phrases
            }
            bytes.removeFirst(start)
            start = 0
            guard bytes.count <= Self.largestRequest else {
                throw OptionError(
                    "a phrase of more than \(Self.largestRequest >> 20) MiB", exitStatus: .badData)
            }
            try fill()
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>, number: Int) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw OptionError("phrase \(number) is not UTF-8", exitStatus: .badData)
        }
        return text
    }

    private mutating func fill() throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { return }
        guard count >= 0 else {
            throw OptionError(
                "standard input cannot be read: \(String(cString: strerror(errno)))", exitStatus: .inputOutput
            )
        }
        isAtEnd = count == 0
        bytes += buffer.prefix(count)
    }
}
