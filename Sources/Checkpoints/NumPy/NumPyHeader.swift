import Tensors

/// What stands before the numbers of an npy file: their type, their order, the array's shape.
///
///     \x93NUMPY, version (2 bytes), header length (UInt16 LE; UInt32 LE from version 2), Python dictionary, \n
///
/// Source of the facts: NumPy's documentation, `numpy.lib.format`.
struct NumPyHeader {
    /// What an array is of.
    enum Element: Equatable {
        case number(ElementType)
        /// Code points of 32 bits, so many in each string (`U`).
        case text(length: Int)
        /// What does not become float32: bytes, dates, complex numbers, Python objects.
        case other(type: String)
    }

    static let format = "npy"
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// Room for a header's description; NumPy's own take a few hundred bytes.
    static let maximumLength = 1 << 16

    let element: Element
    let bigEndian: Bool
    let isFortranOrder: Bool
    let shape: Shape
    /// Bytes before the first number.
    let length: Int

    /// Reads the header that bytes begin with.
    init(_ bytes: Bytes, format: String = NumPyHeader.format) throws(FormatError) {
        guard bytes.starts(with: Self.magic), bytes.count >= 12 else {
            throw .truncated(format: format, what: "the header", needed: 12, found: bytes.count)
        }
        let start: Int
        let count: Int
        switch bytes[6] {
        case 1: (start, count) = (10, Int(bytes.integer(at: 8, as: UInt16.self) ?? 0))
        case 2, 3: (start, count) = (12, Int(bytes.integer(at: 8, as: UInt32.self) ?? 0))
        case let version: throw .unsupported(format: format, reason: "version \(version); 1 to 3 are read")
        }
        guard count <= Self.maximumLength else {
            throw .malformed(format: format, offset: 8, reason: "a header of \(count) bytes")
        }
        guard let text = bytes.slice(at: start, count: count) else {
            throw .truncated(format: format, what: "the header", needed: count, found: bytes.count - start)
        }
        var literal = PythonLiteral(text.array)
        guard let fields = literal.headerFields() else {
            throw .malformed(
                format: format, offset: start + literal.position,
                reason: "the header is not a dictionary of an array")
        }
        do { shape = try Shape(fields.shape) } catch {
            throw .malformed(format: format, offset: start, reason: error.description)
        }
        (element, bigEndian) = Self.element(fields.type)
        isFortranOrder = fields.isFortranOrder
        length = start + count
    }

    /// The description of an array whose numbers stand alone.
    init(element: Element, bigEndian: Bool, isFortranOrder: Bool, shape: Shape) {
        self.element = element
        self.bigEndian = bigEndian
        self.isFortranOrder = isFortranOrder
        self.shape = shape
        length = 0
    }

    /// The numbers as they lie in `source`, which begins with this header.
    func tensor(in source: StoredTensor.Source, format: String, name: String) throws(FormatError)
        -> StoredTensor
    {
        let type: ElementType
        switch element {
        case .number(let number): type = number
        case .text: throw .unsupported(format: format, reason: "\(name) is text; numbers are needed")
        case .other(let type): throw Self.unsupported(type, format: format)
        }
        var strides: [Int]?
        if isFortranOrder, shape.count > 0 {
            // Column-major: the first axis varies fastest. No overflow: no step passes the shape's count.
            var steps: [Int] = []
            var step = 1
            for extent in shape.dimensions {
                steps.append(step)
                step *= extent
            }
            strides = steps
        }
        let tensor = try StoredTensor(
            shape: shape, element: type, source: source, start: length, strides: strides,
            bigEndian: bigEndian,
            format: format, name: name)
        let extra = source.count - length - shape.count * type.size
        guard extra == 0 else { throw .oversized(format: format, extra: extra) }
        return tensor
    }

    /// Reads an array-protocol type string: byte order, kind, size.
    static func element(_ type: String) -> (Element, bigEndian: Bool) {
        guard type.utf8.count <= 16 else { return (.other(type: String(type.prefix(40))), false) }
        let orders: Set<Character> = ["<", ">", "|", "="]
        let order = type.first.flatMap { orders.contains($0) ? $0 : nil }
        let kind = order == nil ? type[...] : type.dropFirst()
        let bigEndian = order == ">"
        if kind.first == "U", let length = Int(kind.dropFirst()), length >= 0, length < 1 << 28 {
            return (.text(length: length), bigEndian)
        }
        guard let number = numbers[String(kind)] else { return (.other(type: type), bigEndian) }
        return (.number(number), bigEndian)
    }

    /// Why an array of another type is not read.
    static func unsupported(_ type: String, format: String) -> FormatError {
        let isObject = type.contains("O")
        return .unsupported(
            format: format,
            reason: isObject
                ? "an array of Python objects, which would have to be run to be read"
                : "type '\(type)' is none of f2 f4 f8 i1–i8 u1–u8 b1")
    }

    private static let numbers: [String: ElementType] = [
        "f2": .float16, "f4": .float32, "f8": .float64,
        "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
        "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
    ]

    /// The header of a row-major array, padded so that the numbers start on a cache line.
    static func bytes(type: String, shape: Shape) -> [UInt8] {
        let extents = shape.dimensions.map { "\($0)," }.joined(separator: " ")
        var text = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
        let padding = (64 - (10 + text.count + 1) % 64) % 64
        text += [UInt8](repeating: 0x20, count: padding) + [0x0a]
        return magic + [1, 0] + [UInt8(text.count & 0xff), UInt8(text.count >> 8)] + text
    }
}

/// As much of Python's literals as NumPy's header uses.
private struct PythonLiteral {
    private let text: [UInt8]
    private(set) var position = 0

    init(_ text: [UInt8]) { self.text = text }

    /// The three fields, each once and no other, or nil.
    mutating func headerFields() -> (type: String, isFortranOrder: Bool, shape: [Int])? {
        var type: String?
        var isFortranOrder: Bool?
        var shape: [Int]?
        guard take("{") else { return nil }
        while !take("}") {
            guard let name = string(), take(":") else { return nil }
            switch name {
            case "descr" where type == nil: type = string()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = bool()
            case "shape" where shape == nil: shape = tuple()
            default: return nil
            }
            guard take(",") || peek("}") else { return nil }
        }
        skipSpaces()
        guard position == text.count, let type, let isFortranOrder, let shape else { return nil }
        return (type, isFortranOrder, shape)
    }

    private mutating func skipSpaces() {
        while position < text.count, text[position] == 0x20 || text[position] == 0x0a { position += 1 }
    }

    private mutating func peek(_ word: StaticString) -> Bool {
        skipSpaces()
        return word.withUTF8Buffer { text[position...].starts(with: $0) }
    }

    private mutating func take(_ word: StaticString) -> Bool {
        guard peek(word) else { return false }
        position += word.utf8CodeUnitCount
        return true
    }

    private mutating func string() -> String? {
        skipSpaces()
        guard position < text.count,
            text[position] == UInt8(ascii: "'") || text[position] == UInt8(ascii: "\"")
        else { return nil }
        let quote = text[position]
        guard let end = text[(position + 1)...].firstIndex(of: quote) else { return nil }
        defer { position = end + 1 }
        return String(validating: text[(position + 1)..<end], as: UTF8.self)
    }

    private mutating func bool() -> Bool? {
        if take("True") { return true }
        return take("False") ? false : nil
    }

    private mutating func tuple() -> [Int]? {
        guard take("(") else { return nil }
        var values: [Int] = []
        while !take(")") {
            skipSpaces()
            let digits = text[position...].prefix { (0x30...0x39).contains($0) }
            guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
            position = digits.endIndex
            // Python 2 wrote long integers so.
            _ = take("L")
            values.append(value)
            guard take(",") || peek(")") else { return nil }
        }
        return values
    }
}
