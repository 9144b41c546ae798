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

    /// - Parameter path: what an error calls the file.
    /// - Throws: `VocabularyError.malformed` where a line is not UTF-8.
    static func lines(of bytes: [UInt8], path: String) throws(VocabularyError) -> [Line] {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let content = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        var lines: [Line] = []
        for (index, line) in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw .malformed(path: path, line: index + 1, reason: "it is not UTF-8")
            }
            let trimmed = trimmed(text)
            if !trimmed.isEmpty, !trimmed.hasPrefix("#") {
                lines.append(Line(number: index + 1, text: trimmed))
            }
        }
        return lines
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    /// - Throws: `VocabularyError.unreadable`, for a pipe as well: commands read their files more than once.
    static func read(path: String) throws(VocabularyError) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        guard [S_IFREG, S_IFDIR].contains(facts.st_mode & S_IFMT) else {
            throw .unreadable(path: path, reason: "it is a pipe or device; a regular file is needed")
        }
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
