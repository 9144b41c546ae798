import Glibc

/// Phrases from a file or from standard input, a line each, as they come.
public struct PhraseLines {
    /// Lines that are handed on together at most.
    private static let largestBlock = 512
    /// A longer line is no phrase.
    private static let longestLine = 1 << 20

    private let name: String
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private var isAtEnd = false
    private var number = 0
    private var offset = 0
    /// What is wrong with the line behind those that were handed on.
    private var pending: OptionError?

    /// - Parameter path: A file; `-` is standard input.
    /// - Throws: `OptionError` where there is none.
    public init(path: String) throws(OptionError) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw OptionError(
                "\(name) cannot be read: \(String(cString: strerror(errno)))", exitStatus: .noInput)
        }
    }

    /// Closes the file.
    public func end() { close(descriptor) }

    /// The next lines that are there, at least one; lines that show nothing are passed over. Nil at the end.
    /// - Throws: `OptionError` where a line is not UTF-8 or holds a zero byte, with its place.
    public mutating func next() throws(OptionError) -> [String]? {
        var lines: [String] = []
        if let pending { throw pending }
        while true {
            while pending == nil, lines.count < Self.largestBlock,
                let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
            {
                take(end, into: &lines)
                bytes.removeFirst()
                offset += 1
            }
            if isAtEnd, pending == nil, !bytes.isEmpty, lines.count < Self.largestBlock {
                take(bytes.count, into: &lines)
            }
            if !lines.isEmpty { return lines }
            if let pending { throw pending }
            if isAtEnd { return nil }
            guard bytes.count <= Self.longestLine else {
                throw OptionError(
                    "\(name), line \(number + 1): it is longer than 1 MiB", exitStatus: .badData)
            }
            try fill()
        }
    }

    private mutating func take(_ count: Int, into lines: inout [String]) {
        number += 1
        let line = bytes[..<count]
        let zero = line.firstIndex(of: 0).map { ($0, "is zero") }
        if let (bad, what) = InvalidText.offset(in: line).map({ ($0, "is not UTF-8") }) ?? zero {
            pending = OptionError(
                "\(name), line \(number): byte \(bad + 1) of the line, at offset \(offset + bad), \(what)",
                exitStatus: .badData)
            return bytes.removeFirst(count)
        }
        // Some editors begin a file with a byte order mark, which is no part of what it says.
        let mark = offset == 0 && line.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        let text = String(decoding: line.dropFirst(mark), as: UTF8.self).drop(while: \.isWhitespace)
        if DirectionOptions.isVisible(text) {
            lines.append(String(text.reversed().drop(while: \.isWhitespace).reversed()))
        }
        bytes.removeFirst(count)
        offset += count
    }

    private mutating func fill() throws(OptionError) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { return }
        guard count >= 0 else {
            throw OptionError(
                "\(name) cannot be read: \(String(cString: strerror(errno)))",
                exitStatus: errno == EISDIR ? .noInput : .inputOutput)
        }
        isAtEnd = count == 0
        bytes += buffer.prefix(count)
    }
}
