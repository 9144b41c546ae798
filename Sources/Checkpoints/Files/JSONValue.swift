/// A JSON document (RFC 8259), read strictly: names in an object differ, nesting is bounded, nothing follows.
///
/// Foundation's reader keeps the last of two equal names and loses the order; headers of weights must not.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case fraction(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    public struct Member: Equatable, Sendable {
        public let name: String
        public let value: JSONValue
    }

    /// Reads a file that is one document.
    /// - Throws: `CheckpointError.format` with the offset of the fault, or why the file cannot be read.
    public static func read(path: String) throws(CheckpointError) -> JSONValue {
        let file = try MappedFile(path: path)
        do throws(FormatError) {
            return try JSONValue(Bytes(file), format: "JSON")
        } catch {
            throw .format(path: path, error)
        }
    }

    /// Reads a document; spaces may stand around it.
    /// - Throws: `FormatError.malformed` with the offset of the fault; `format` names the file's kind in it.
    init(_ bytes: Bytes, format: String, maximumDepth: Int = 16) throws(FormatError) {
        self = try bytes.withUnsafeBytes { buffer throws(FormatError) in
            var reader = JSONReader(bytes: buffer, format: format, maximumDepth: maximumDepth)
            return try reader.document()
        }
    }

    /// The value of that name, where this is an object that has it.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var integer: Int? {
        if case .integer(let integer) = self { integer } else { nil }
    }

    /// Any number.
    public var number: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .fraction(let fraction): fraction
        default: nil
        }
    }

    public var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }

    public var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// A JSON string of that text, quotation marks included.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case let control where control.value < 0x20:
                quoted += "\\u00" + (control.value < 16 ? "0" : "") + String(control.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// The numbers, where this is an array of integers.
    var integers: [Int]? {
        guard case .array(let values) = self else { return nil }
        var integers: [Int] = []
        for value in values {
            guard case .integer(let integer) = value else { return nil }
            integers.append(integer)
        }
        return integers
    }
}

/// Recursive descent over the bytes of a document.
private struct JSONReader {
    let bytes: UnsafeRawBufferPointer
    let format: String
    let maximumDepth: Int
    var position = 0

    init(bytes: UnsafeRawBufferPointer, format: String, maximumDepth: Int) {
        self.bytes = bytes
        self.format = format
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(FormatError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpaces()
        guard position == bytes.count else { throw fault("text after the end of the JSON document") }
        return value
    }

    private func fault(_ reason: String) -> FormatError {
        .malformed(format: format, offset: position, reason: reason)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpaces() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(FormatError) {
        skipSpaces()
        guard next == UInt8(ascii: character) else { throw fault("'\(character)' is missing in JSON") }
        position += 1
    }

    /// Steps over `character` if it is the next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(FormatError) -> JSONValue {
        guard depth <= maximumDepth else { throw fault("JSON nested deeper than \(maximumDepth) levels") }
        skipSpaces()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(FormatError) -> JSONValue {
        for i in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[i] else { throw fault("a JSON value is missing") }
            position += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(FormatError) -> JSONValue {
        try expect("{")
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        if take("}") { return .object(members) }
        repeat {
            skipSpaces()
            let name = try string()
            guard names.insert(name).inserted else { throw fault("the name \"\(name)\" stands twice") }
            try expect(":")
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
        } while take(",")
        try expect("}")
        return .object(members)
    }

    private mutating func array(depth: Int) throws(FormatError) -> JSONValue {
        try expect("[")
        var values: [JSONValue] = []
        if take("]") { return .array(values) }
        repeat { values.append(try value(depth: depth + 1)) } while take(",")
        try expect("]")
        return .array(values)
    }

    /// `-? (0 | [1-9] [0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func number() throws(FormatError) -> JSONValue {
        let start = position
        _ = step(over: "-")
        let isZero = step(over: "0")
        var isNumber = isZero || stepOverDigits()
        if step(over: ".") { isNumber = stepOverDigits() && isNumber }
        if step(over: "eE") {
            _ = step(over: "+-")
            isNumber = stepOverDigits() && isNumber
        }
        // What follows at once was meant to be part of it: 01, 1-2.
        while stepOverDigits() || step(over: "+-.eE") { isNumber = false }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isNumber, let integer = Int(text) { return .integer(integer) }
        guard isNumber, let fraction = Double(text), fraction.isFinite else {
            position = start
            throw fault(text.isEmpty ? "a JSON value is missing" : "\(text.prefix(40)) is not a JSON number")
        }
        return .fraction(fraction)
    }

    /// Steps over one of these characters, if one is the next.
    private mutating func step(over characters: StaticString) -> Bool {
        guard let byte = next,
            characters.withUTF8Buffer({ $0.contains(byte) })
        else { return false }
        position += 1
        return true
    }

    /// Steps over digits; whether there were any.
    private mutating func stepOverDigits() -> Bool {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        return position > start
    }

    private mutating func string() throws(FormatError) -> String {
        guard next == UInt8(ascii: "\"") else { throw fault("a JSON string is missing") }
        position += 1
        var units: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw fault("a control character in a JSON string") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                units.append(contentsOf: Array(String(try escaped()).utf8))
            } else {
                units.append(byte)
            }
        }
        guard next != nil else { throw fault("a JSON string does not end") }
        position += 1
        guard let string = String(validating: units, as: UTF8.self) else {
            throw fault("a JSON string is not UTF-8")
        }
        return string
    }

    private mutating func escaped() throws(FormatError) -> Unicode.Scalar {
        guard let byte = next else { throw fault("a JSON string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let first = try codeUnit()
            if let scalar = Unicode.Scalar(first) { return scalar }
            // A surrogate pair: two escapes, one character.
            guard first < 0xdc00, next == UInt8(ascii: "\\") else {
                throw fault("half a surrogate pair in JSON")
            }
            position += 1
            guard next == UInt8(ascii: "u") else { throw fault("half a surrogate pair in JSON") }
            position += 1
            let second = try codeUnit()
            guard (0xdc00...0xdfff).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
            else { throw fault("half a surrogate pair in JSON") }
            return scalar
        default: throw fault("an unknown escape in a JSON string")
        }
    }

    private mutating func codeUnit() throws(FormatError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw fault("\\u needs four hexadecimal digits in JSON")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
