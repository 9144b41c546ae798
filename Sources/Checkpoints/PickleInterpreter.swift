import Tensors

/// Reads one pickle, protocols 2 to 5, building nothing but containers, numbers, text and tensors.
///
/// Names outside `PickleName` are refused with their offset. The work is bounded by the pickle's length: so many
/// operations, and so many bytes copied, whatever it refers to again and again.
///
/// Source of the facts: Python's `pickletools`, which documents every operation.
struct PickleInterpreter {
    static let format = "pickle"

    /// Whole networks with their optimisers take some 100,000.
    private static let maximumOperations = 2_000_000
    /// A storage inside a pickle is a file of PyTorch's older format with pickles of its own, and no deeper.
    private static let maximumNesting = 1

    private let bytes: Bytes
    private let nesting: Int
    /// Where the next operation is read; after `run`, the end of the pickle.
    private(set) var position: Int
    private(set) var graph = PickleGraph()
    private var stack: [PickleValue] = []
    /// The heights of the stack at the open marks.
    private var marks: [Int] = []
    private var memory: [Int: PickleValue] = [:]
    /// Where the operation under way began, for messages.
    private var operationStart: Int
    /// Bytes that may still be copied.
    private var copyBudget: Int

    /// The storages met, in no order that matters, for the blocks that follow a pickle of the older format.
    private(set) var storages: [String: PickleGraph.Storage] = [:]

    init(_ bytes: Bytes, at start: Int = 0, nesting: Int = 0) {
        self.bytes = bytes
        self.nesting = nesting
        position = start
        operationStart = start
        copyBudget = 1 << 24 + bytes.count
    }

    static func recognises(_ bytes: Bytes) -> Bool {
        bytes.count > 2 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
    }

    /// Runs up to the end mark.
    mutating func run() throws(FormatError) -> PickleValue {
        for _ in 0..<Self.maximumOperations {
            operationStart = position
            let operation = try byte()
            if operation == UInt8(ascii: ".") {
                guard marks.isEmpty, stack.count == 1 else { throw fault("ends with \(stack.count) values") }
                return stack[0]
            }
            try perform(operation)
        }
        throw fault("more than \(Self.maximumOperations) operations")
    }

    // MARK: Operations

    private mutating func perform(_ operation: UInt8) throws(FormatError) {
        switch operation {
        case 0x80: try protocolVersion()
        case 0x95: _ = try length(UInt64.self)

        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "J"): stack.append(.integer(Int(try number(Int32.self))))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try number(UInt8.self))))
        case UInt8(ascii: "M"): stack.append(.integer(Int(try number(UInt16.self))))
        case 0x8a: stack.append(longInteger(try block(length(UInt8.self))))
        case 0x8b: stack.append(longInteger(try block(length(UInt32.self))))
        case UInt8(ascii: "G"):
            stack.append(.float(Double(bitPattern: try number(UInt64.self).byteSwapped)))
        case UInt8(ascii: "I"), UInt8(ascii: "L"): stack.append(try decimal())
        case UInt8(ascii: "F"):
            guard let value = Double(try line()) else { throw fault("not a number") }
            stack.append(.float(value))

        case UInt8(ascii: "X"): stack.append(try text(length(UInt32.self)))
        case 0x8c: stack.append(try text(length(UInt8.self)))
        case 0x8d: stack.append(try text(length(UInt64.self)))
        case UInt8(ascii: "B"), UInt8(ascii: "T"): stack.append(.bytes(try block(length(UInt32.self))))
        case UInt8(ascii: "C"), UInt8(ascii: "U"): stack.append(.bytes(try block(length(UInt8.self))))
        case 0x8e, 0x96: stack.append(.bytes(try block(length(UInt64.self))))

        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): stack.append(try top())

        case UInt8(ascii: "]"): push(.list)
        case UInt8(ascii: "l"): push(.list, try popToMark())
        case UInt8(ascii: "a"):
            let item = try pop()
            try extend(with: [item])
        case UInt8(ascii: "e"), 0x90: try extend(with: popToMark())
        case UInt8(ascii: ")"): push(.tuple)
        case UInt8(ascii: "t"): push(.tuple, try popToMark())
        case 0x85, 0x86, 0x87: push(.tuple, try pop(count: Int(operation) - 0x84))
        case 0x8f: push(.set)
        case 0x91: push(.set, try popToMark())
        case UInt8(ascii: "}"): push(.dictionary)
        case UInt8(ascii: "d"): push(.dictionary, try evenly(popToMark()))
        case UInt8(ascii: "s"): try update(with: pop(count: 2))
        case UInt8(ascii: "u"): try update(with: evenly(popToMark()))

        case UInt8(ascii: "h"): try recall(Int(number(UInt8.self)))
        case UInt8(ascii: "j"): try recall(Int(number(UInt32.self)))
        case UInt8(ascii: "q"): memory[Int(try number(UInt8.self))] = try top()
        case UInt8(ascii: "r"): memory[Int(try number(UInt32.self))] = try top()
        case 0x94: memory[memory.count] = try top()

        case UInt8(ascii: "c"):
            let module = try line()
            stack.append(try name(module: module, name: line()))
        case 0x93:
            let parts = try pop(count: 2)
            guard let module = parts[0].text, let name = parts[1].text else {
                throw fault("a name is not text")
            }
            try charge(module.utf8.count + name.utf8.count)
            stack.append(try self.name(module: module, name: name))
        case UInt8(ascii: "R"), 0x81:
            let parts = try pop(count: 2)
            stack.append(try call(parts[0], with: parts[1]))
        case 0x92:
            let parts = try pop(count: 3)
            stack.append(try call(parts[0], with: parts[1]))
        case UInt8(ascii: "b"):
            let state = try pop()
            try build(top(), state)
        case UInt8(ascii: "Q"): stack.append(try persistent(pop()))
        default:
            throw .unsupported(
                format: Self.format,
                reason: "operation 0x\(String(operation, radix: 16)) at byte \(operationStart) is not read")
        }
    }

    private mutating func protocolVersion() throws(FormatError) {
        let version = try byte()
        guard (2...5).contains(version) else {
            throw .unsupported(format: Self.format, reason: "protocol \(version); 2 to 5 are read")
        }
    }

    private mutating func recall(_ index: Int) throws(FormatError) {
        guard let value = memory[index] else { throw fault("nothing is remembered as \(index)") }
        stack.append(value)
    }

    /// Adds to the list or set on top of the stack.
    private mutating func extend(with items: [PickleValue]) throws(FormatError) {
        guard case .node(let number) = try top() else { throw fault("adds to what is no list") }
        switch graph.nodes[number].kind {
        case .list, .set, .object: graph.nodes[number].items += items
        default: throw fault("adds to what is no list")
        }
    }

    /// Adds keys and values to the dictionary on top of the stack.
    private mutating func update(with items: [PickleValue]) throws(FormatError) {
        guard case .node(let number) = try top() else { throw fault("sets an item of what is no dictionary") }
        switch graph.nodes[number].kind {
        case .dictionary: graph.nodes[number].items += items
        // A dictionary by inheritance: its items are no attributes.
        case .object: break
        default: throw fault("sets an item of what is no dictionary")
        }
    }

    private func name(module: String, name: String) throws(FormatError) -> PickleValue {
        guard let known = PickleName(module: module, name: name) else {
            throw .refused(name: String("\(module).\(name)".prefix(120)), offset: operationStart)
        }
        return .name(known)
    }

    // MARK: Calls

    /// What calling a known name with a tuple of arguments gives.
    private mutating func call(
        _ callee: PickleValue, with argumentTuple: PickleValue, depth: Int = 0
    ) throws(FormatError) -> PickleValue {
        guard case .name(let name) = callee else { throw fault("calls what is no name") }
        guard let arguments = graph.sequence(argumentTuple) else {
            throw fault("calls with what is no tuple")
        }
        switch name {
        case .dictionary: return try dictionary(of: arguments)
        case .list: return try sequence(.list, of: arguments)
        case .tuple: return try sequence(.tuple, of: arguments)
        case .set: return try sequence(.set, of: arguments)
        case .encode: return try encoded(arguments)
        case .newObject:
            guard let type = arguments.first else { throw fault("makes an object of no class") }
            return try call(type, with: node(.tuple), depth: depth)
        case .same:
            guard let value = arguments.first else { throw fault("lacks an argument") }
            return value
        case .record(let className):
            try charge(arguments.count * 32)
            return node(.object(className: className), arguments)
        case .constant(let name): throw .refused(name: "a call of \(name)", offset: operationStart)
        case .storage, .elementType: throw .refused(name: "a call of a type", offset: operationStart)
        case .rebuildTensor: return try tensor(arguments, type: nil)
        case .rebuildTypedTensor:
            guard arguments.count >= 7, case .name(.elementType(let element, let name)) = arguments[6] else {
                throw fault("a tensor without its type")
            }
            return try tensor(arguments, type: (element, name))
        case .rebuildParameter:
            guard let value = arguments.first, case .tensor? = graph[value]?.kind else {
                throw fault("a parameter that is no tensor")
            }
            return value
        case .rebuildFromType:
            guard arguments.count >= 3, depth == 0 else {
                throw fault("a tensor subclass without its tensor")
            }
            return try call(arguments[0], with: arguments[2], depth: 1)
        case .storageFromBytes: return try storage(within: arguments)
        case .persistentObject:
            try charge((arguments.first.flatMap { graph[$0] }?.items.count ?? 0) * 8)
            guard let meta = arguments.first, let state = graph.member("state", of: meta) else {
                throw fault("a persistent object without its state")
            }
            let className = graph.member("class_name", of: meta)?.text ?? "object"
            let object = node(.object(className: className))
            setState(state, of: object)
            return object
        case .array, .reconstructArray: return node(.array(nil))
        case .arrayType:
            guard let type = arguments.first?.text else { throw fault("an array's type is not text") }
            let (element, bigEndian) = try NumPyHeader.element(type, format: Self.format)
            return node(.arrayType(element, bigEndian: bigEndian))
        case .arrayScalar:
            guard arguments.count == 2 else { throw fault("a scalar without its type and bytes") }
            return try array(type: arguments[0], shape: [], content: arguments[1], isFortranOrder: false)
        case .arrayFromBuffer:
            guard arguments.count == 4, let shape = graph.integers(arguments[2]) else {
                throw fault("an array without its shape")
            }
            return try array(
                type: arguments[1], shape: shape, content: arguments[0],
                isFortranOrder: arguments[3].text == "F")
        }
    }

    /// `dict()`, or `dict` of pairs, which Python 2 wrote.
    private mutating func dictionary(of arguments: [PickleValue]) throws(FormatError) -> PickleValue {
        guard let pairs = arguments.first else { return node(.dictionary) }
        guard let pairs = graph.sequence(pairs) else { throw fault("a dictionary of what are no pairs") }
        try charge(pairs.count * 64)
        var items: [PickleValue] = []
        for pair in pairs {
            guard let pair = graph.sequence(pair), pair.count == 2 else {
                throw fault("a dictionary of what are no pairs")
            }
            items += pair
        }
        return node(.dictionary, items)
    }

    private mutating func sequence(
        _ kind: PickleGraph.Node.Kind, of arguments: [PickleValue]
    ) throws(FormatError) -> PickleValue {
        guard let content = arguments.first else { return node(kind) }
        guard let items = graph[content]?.items else { throw fault("a list of what is no list") }
        try charge(items.count * 32)
        return node(kind, items)
    }

    /// Bytes that protocol 2 spells as text of code points under 256.
    private mutating func encoded(_ arguments: [PickleValue]) throws(FormatError) -> PickleValue {
        guard arguments.count == 2, case .text(let text) = arguments[0], arguments[1].text == "latin1" else {
            throw fault("encodes other than latin1")
        }
        try charge(text.utf8.count)
        var encoded: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { throw fault("text that is not latin1") }
            encoded.append(byte)
        }
        return .bytes(Bytes(encoded))
    }

    /// Sets attributes, or the content of an array under way.
    private mutating func build(_ value: PickleValue, _ state: PickleValue) throws(FormatError) {
        guard case .node(let number) = value else { throw fault("sets attributes of what is no object") }
        switch graph.nodes[number].kind {
        case .array: try fillArray(number, state)
        case .arrayType(let element, let bigEndian):
            let order = graph.sequence(state).flatMap { $0.count > 1 ? $0[1].text : nil }
            let turned = order == ">" || (order != "<" && bigEndian)
            graph.nodes[number].kind = .arrayType(element, bigEndian: turned)
        case .object: graph.nodes[number].state = state
        // Attributes hung on dictionaries and tensors (`_metadata`, backward hooks) name no weights.
        default: break
        }
    }

    // MARK: Arrays

    /// State of `ndarray`: version, shape, type, whether in Fortran order, bytes.
    private mutating func fillArray(_ number: Int, _ state: PickleValue) throws(FormatError) {
        guard let parts = graph.sequence(state), parts.count == 5, let shape = graph.integers(parts[1]),
            case .bool(let isFortranOrder) = parts[3]
        else { throw fault("an array without its shape, type and bytes") }
        let filled = try array(
            type: parts[2], shape: shape, content: parts[4], isFortranOrder: isFortranOrder)
        if let kind = graph[filled]?.kind { graph.nodes[number].kind = kind }
    }

    private mutating func array(
        type: PickleValue, shape dimensions: [Int], content: PickleValue, isFortranOrder: Bool
    ) throws(FormatError) -> PickleValue {
        guard case .arrayType(let element, let bigEndian)? = graph[type]?.kind else {
            throw fault("an array without its type")
        }
        guard case .number = element else { throw fault("an array of text") }
        guard case .bytes(let bytes) = content else { throw fault("an array that is not bytes") }
        let shape = try shape(dimensions)
        let header = NumPyHeader(
            element: element, bigEndian: bigEndian, isFortranOrder: isFortranOrder, shape: shape)
        return node(.array(try header.tensor(in: .bytes(bytes), format: Self.format, name: "an array")))
    }

    private func shape(_ dimensions: [Int]) throws(FormatError) -> Shape {
        do { return try Shape(dimensions) } catch { throw fault(error.description) }
    }

    // MARK: Tensors

    /// `(storage, offset, shape, strides, …)`; `type` where the storage does not say it.
    private mutating func tensor(
        _ arguments: [PickleValue], type: (ElementType?, String)?
    ) throws(FormatError) -> PickleValue {
        guard arguments.count >= 4, case .storage(let storage)? = graph[arguments[0]]?.kind,
            let offset = arguments[1].integer, let dimensions = graph.integers(arguments[2]),
            let strides = graph.integers(arguments[3])
        else { throw fault("a tensor without its storage, shape and strides") }
        let (element, name) = type ?? (storage.element, storage.elementName)
        guard let element else {
            throw .unsupported(format: Self.format, reason: "tensors of \(name) are not read")
        }
        let view = PickleGraph.StorageView(
            storage: storage, element: element, offset: offset, shape: try shape(dimensions), strides: strides
        )
        return node(.tensor(view))
    }

    /// What an object kept outside the pickle is: `("storage", type, key, device, count, …)`.
    private mutating func persistent(_ identifier: PickleValue) throws(FormatError) -> PickleValue {
        guard let parts = graph.sequence(identifier), let sort = parts.first?.text else {
            throw fault("refers to something kept elsewhere that is no storage")
        }
        // The older format writes a layer's class with its source, which is skipped.
        if sort == "module", parts.count >= 2 { return parts[1] }
        guard sort == "storage", parts.count >= 5, case .name(.storage(let element, let name)) = parts[1],
            let key = parts[2].text, let count = parts[4].integer, count >= 0
        else { throw fault("refers to something kept elsewhere that is no storage") }
        try charge(key.utf8.count)
        if parts.count > 5, case .node = parts[5] {
            throw .unsupported(format: Self.format, reason: "storages that are views of others are not read")
        }
        let storage = PickleGraph.Storage(element: element, elementName: name, count: count, place: .key(key))
        storages[key] = storage
        return node(.storage(storage))
    }

    /// A storage whose bytes are a file of PyTorch's older format, inside this pickle.
    private mutating func storage(within arguments: [PickleValue]) throws(FormatError) -> PickleValue {
        guard case .bytes(let bytes)? = arguments.first else { throw fault("a storage that is not bytes") }
        guard nesting < Self.maximumNesting else { throw fault("storages within storages") }
        try charge(bytes.count)
        return node(.storage(try PyTorchLegacyFile.storage(bytes, nesting: nesting + 1)))
    }

    // MARK: Stack

    private mutating func node(_ kind: PickleGraph.Node.Kind, _ items: [PickleValue] = []) -> PickleValue {
        graph.nodes.append(PickleGraph.Node(kind: kind, items: items))
        return .node(graph.nodes.count - 1)
    }

    private mutating func setState(_ state: PickleValue, of value: PickleValue) {
        if case .node(let number) = value { graph.nodes[number].state = state }
    }

    private mutating func push(_ kind: PickleGraph.Node.Kind, _ items: [PickleValue] = []) {
        stack.append(node(kind, items))
    }

    /// The values that may be taken: those above the last mark.
    private var available: Int { stack.count - (marks.last ?? 0) }

    private func top() throws(FormatError) -> PickleValue {
        guard available > 0, let value = stack.last else { throw fault("takes from an empty stack") }
        return value
    }

    private mutating func pop() throws(FormatError) -> PickleValue {
        guard available > 0, let value = stack.popLast() else { throw fault("takes from an empty stack") }
        return value
    }

    private mutating func pop(count: Int) throws(FormatError) -> [PickleValue] {
        guard available >= count else { throw fault("takes from an empty stack") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(FormatError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw fault("lacks a mark") }
        defer { stack.removeLast(stack.count - mark) }
        return Array(stack[mark...])
    }

    private func evenly(_ items: [PickleValue]) throws(FormatError) -> [PickleValue] {
        guard items.count % 2 == 0 else { throw fault("a key without its value") }
        return items
    }

    // MARK: Bytes

    private func fault(_ reason: String) -> FormatError {
        .malformed(format: Self.format, offset: operationStart, reason: reason)
    }

    /// Counts work that the pickle's length does not bound by itself.
    private mutating func charge(_ count: Int) throws(FormatError) {
        copyBudget -= count
        guard copyBudget >= 0 else { throw fault("unpacks the same bytes again and again") }
    }

    private mutating func byte() throws(FormatError) -> UInt8 { try number(UInt8.self) }

    private mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(FormatError) -> Number
    {
        guard let number: Number = bytes.integer(at: position) else {
            throw .truncated(
                format: Self.format, what: "an operation", needed: MemoryLayout<Number>.size,
                found: bytes.count - position)
        }
        position += MemoryLayout<Number>.size
        return number
    }

    private mutating func length<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type
    ) throws(FormatError) -> Int {
        let length = try number(type)
        guard let length = Int(exactly: length) else { throw fault("a length of \(length) bytes") }
        return length
    }

    private mutating func block(_ count: Int) throws(FormatError) -> Bytes {
        guard let block = bytes.slice(at: position, count: count) else {
            throw .truncated(
                format: Self.format, what: "a block", needed: count, found: bytes.count - position)
        }
        position += count
        return block
    }

    private mutating func text(_ count: Int) throws(FormatError) -> PickleValue {
        guard let text = try block(count).text else { throw fault("text that is not UTF-8") }
        return .text(text)
    }

    /// Text up to the end of the line; names and decimal numbers are short.
    private mutating func line() throws(FormatError) -> String {
        let start = position
        while try byte() != UInt8(ascii: "\n") {
            guard position - start <= 4096 else { throw fault("a line of more than 4,096 bytes") }
        }
        guard let text = bytes.slice(at: start, count: position - 1 - start)?.text else {
            throw fault("a line that is not UTF-8")
        }
        return text
    }

    /// A decimal integer; protocol 0's `01` and `00` are true and false.
    private mutating func decimal() throws(FormatError) -> PickleValue {
        let text = try line()
        if text == "01" || text == "00" { return .bool(text == "01") }
        guard let integer = Int(text.hasSuffix("L") ? String(text.dropLast()) : text) else {
            throw fault("not an integer of 64 bits")
        }
        return .integer(integer)
    }

    private func longInteger(_ bytes: Bytes) -> PickleValue {
        guard bytes.count <= 8 else { return .longInteger(bytes) }
        var bits: UInt64 = bytes.count > 0 && bytes[bytes.count - 1] & 0x80 != 0 ? .max : 0
        for i in (0..<bytes.count).reversed() { bits = bits << 8 | UInt64(bytes[i]) }
        return .integer(Int(Int64(bitPattern: bits)))
    }
}
