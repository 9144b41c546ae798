/// Takes a pickle apart into operations and their arguments.
struct PickleReader {
    private let bytes: Bytes
    /// Where the next operation or argument is read.
    private(set) var position: Int
    /// Where the operation under way began, for messages.
    private(set) var operationStart: Int

    init(_ bytes: Bytes, at start: Int) {
        self.bytes = bytes
        position = start
        operationStart = start
    }

    mutating func operation() throws(FormatError) -> PickleOperation {
        operationStart = position
        let code = try number(UInt8.self)
        guard let operation = PickleOperation(rawValue: code) else {
            throw .unsupported(
                format: PickleInterpreter.format,
                reason: "operation 0x\(String(code, radix: 16)) at byte \(operationStart) is not read")
        }
        return operation
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(FormatError) -> Number {
        guard let number: Number = bytes.integer(at: position) else {
            throw truncated("an operation", needed: MemoryLayout<Number>.size)
        }
        position += MemoryLayout<Number>.size
        return number
    }

    /// A float64, whose bytes stand in the order of networks.
    mutating func float() throws(FormatError) -> Double {
        Double(bitPattern: try number(UInt64.self).byteSwapped)
    }

    mutating func length<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type
    ) throws(FormatError) -> Int {
        let length = try number(type)
        guard let length = Int(exactly: length) else { throw fault("a length of \(length) bytes") }
        return length
    }

    mutating func block(_ count: Int) throws(FormatError) -> Bytes {
        guard let block = bytes.slice(at: position, count: count) else {
            throw truncated("a block", needed: count)
        }
        position += count
        return block
    }

    mutating func text(_ count: Int) throws(FormatError) -> PickleValue {
        guard let text = try block(count).text else { throw fault("text that is not UTF-8") }
        return .text(text)
    }

    /// Text up to the end of the line; names and decimal numbers are short.
    mutating func line() throws(FormatError) -> String {
        let start = position
        while try number(UInt8.self) != UInt8(ascii: "\n") {
            guard position - start <= 4096 else { throw fault("a line of more than 4,096 bytes") }
        }
        guard let text = bytes.slice(at: start, count: position - 1 - start)?.text else {
            throw fault("a line that is not UTF-8")
        }
        return text
    }

    /// A decimal integer; protocol 0's `01` and `00` are true and false.
    mutating func decimal() throws(FormatError) -> PickleValue {
        let text = try line()
        if text == "01" || text == "00" { return .bool(text == "01") }
        guard let integer = Int(text.hasSuffix("L") ? String(text.dropLast()) : text) else {
            throw fault("not an integer of 64 bits")
        }
        return .integer(integer)
    }

    /// An integer of that many bytes, two's complement.
    mutating func longInteger(_ count: Int) throws(FormatError) -> PickleValue {
        let bytes = try block(count)
        guard count <= 8 else { return .longInteger(bytes) }
        var bits: UInt64 = count > 0 && bytes[count - 1] & 0x80 != 0 ? .max : 0
        for i in (0..<count).reversed() { bits = bits << 8 | UInt64(bytes[i]) }
        return .integer(Int(Int64(bitPattern: bits)))
    }

    func fault(_ reason: String) -> FormatError {
        .malformed(format: PickleInterpreter.format, offset: operationStart, reason: reason)
    }

    private func truncated(_ what: String, needed: Int) -> FormatError {
        .truncated(
            format: PickleInterpreter.format, what: what, needed: needed, found: bytes.count - position)
    }
}
