import Glibc

/// The lines of a text file that are neither empty nor comments.
enum TextLines {
    struct Line {
        /// From 1 on, comments counted.
        let number: Int
        /// Without white space at its ends.
        let text: String
    }

    /// Files of templates and words are small; a larger one is not one of them.
    private static let largest = 8 << 20

    static func lines(of bytes: [UInt8]) -> [Line] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .map { Line(number: $0 + 1, text: trimmed(String(decoding: $1, as: UTF8.self))) }
            .filter { !$0.text.isEmpty && !$0.text.hasPrefix("#") }
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    /// - Throws: `VocabularyError.unreadable`.
    static func read(path: String) throws(VocabularyError) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= largest else {
                throw .unreadable(path: path, reason: "it has more than \(largest >> 20) MiB")
            }
        }
    }
}
