/// Reads one pickle, protocols 2 to 5, building nothing but containers, numbers, text and tensors.
///
/// Names outside `PickleName` are refused with their offset. The work is bounded by the pickle's length: so many
/// operations, and so many bytes made and copied, whatever it refers to again and again.
///
/// Source of the facts: Python's `pickletools`, which documents every operation.
struct PickleInterpreter {
    static let format = "pickle"

    /// Whole networks with their optimisers take some 100,000.
    private static let maximumOperations = 2_000_000
    /// Memory budget of values and copies: 16 bytes for each byte of the pickle, plus 16 MiB.
    private static let memoryBudget = (perByte: 16, base: 1 << 24)

    var reader: PickleReader
    private(set) var graph = PickleGraph()
    private var stack = PickleStack()
    /// What is remembered under each number, nil where nothing is: picklers count from 0.
    private var memo: [PickleValue?] = []
    /// Bytes that may still be made or copied.
    private var budget: Int
    /// How many pickles this one lies in.
    let nesting: Int

    /// The storages met, in no order that matters, for the blocks that follow a pickle of the older format.
    private(set) var storages: [String: PickleGraph.Storage] = [:]

    init(_ bytes: Bytes, at start: Int = 0, nesting: Int = 0) {
        reader = PickleReader(bytes, at: start)
        self.nesting = nesting
        budget = Self.memoryBudget.base + Self.memoryBudget.perByte * bytes.count
    }

    /// Where the next pickle would begin, after `run`.
    var position: Int { reader.position }

    static func recognises(_ bytes: Bytes) -> Bool {
        bytes.count > 2 && bytes[0] == PickleOperation.proto.rawValue && (2...5).contains(bytes[1])
    }

    /// Runs up to the end mark.
    mutating func run() throws(FormatError) -> PickleValue {
        let start = reader.position
        for _ in 0..<Self.maximumOperations {
            let operation = try reader.operation()
            if operation == .stop {
                guard let result = stack.result else { throw fault("ends with \(stack.count) values") }
                graph.byteCount = reader.position - start
                return result
            }
            try perform(operation)
        }
        throw fault("more than \(Self.maximumOperations) operations")
    }

    private mutating func perform(_ operation: PickleOperation) throws(FormatError) {
        switch operation {
        case .proto:
            let version = try reader.number(UInt8.self)
            guard (2...5).contains(version) else {
                throw .unsupported(format: Self.format, reason: "protocol \(version); 2 to 5 are read")
            }
        case .frame: _ = try reader.length(UInt64.self)
        case .stop: break

        case .none: try push(.none)
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .binInt: try push(.integer(Int(reader.number(Int32.self))))
        case .binInt1: try push(.integer(Int(reader.number(UInt8.self))))
        case .binInt2: try push(.integer(Int(reader.number(UInt16.self))))
        case .long1: try push(reader.longInteger(reader.length(UInt8.self)))
        case .long4: try push(reader.longInteger(reader.length(UInt32.self)))
        case .int, .long: try push(reader.decimal())
        case .binFloat: try push(.float(reader.float()))
        case .float:
            guard let value = Double(try reader.line()) else { throw fault("not a number") }
            try push(.float(value))

        case .binUnicode: try push(reader.text(reader.length(UInt32.self)))
        case .shortBinUnicode: try push(reader.text(reader.length(UInt8.self)))
        case .binUnicode8: try push(reader.text(reader.length(UInt64.self)))
        case .binBytes, .binString: try push(.bytes(reader.block(reader.length(UInt32.self))))
        case .shortBinBytes, .shortBinString: try push(.bytes(reader.block(reader.length(UInt8.self))))
        case .binBytes8, .byteArray8: try push(.bytes(reader.block(reader.length(UInt64.self))))

        case .mark:
            try charge(MemoryLayout<Int>.stride)
            stack.mark()
        case .pop: _ = try pop()
        case .popMark: _ = try popToMark()
        case .dup: try push(top())

        case .emptyList: try push(node(.list))
        case .list: try push(node(.list, popToMark()))
        case .append:
            let item = try pop()
            try extend(with: [item])
        case .appends, .addItems: try extend(with: popToMark())
        case .emptyTuple: try push(node(.tuple))
        case .tuple: try push(node(.tuple, popToMark()))
        case .tuple1: try push(node(.tuple, pop(count: 1)))
        case .tuple2: try push(node(.tuple, pop(count: 2)))
        case .tuple3: try push(node(.tuple, pop(count: 3)))
        case .emptySet: try push(node(.set))
        case .frozenSet: try push(node(.set, popToMark()))
        case .emptyDict: try push(node(.dictionary))
        case .dict: try push(node(.dictionary, evenly(popToMark())))
        case .setItem: try update(with: pop(count: 2))
        case .setItems: try update(with: evenly(popToMark()))

        case .binGet: try recall(Int(reader.number(UInt8.self)))
        case .longBinGet: try recall(Int(reader.number(UInt32.self)))
        case .binPut: try remember(as: Int(reader.number(UInt8.self)))
        case .longBinPut: try remember(as: Int(reader.number(UInt32.self)))
        case .memoize: try remember(as: memo.count)

        case .global:
            let module = try reader.line()
            try push(name(module: module, name: reader.line()))
        case .stackGlobal:
            let parts = try pop(count: 2)
            guard let module = parts[0].text, let name = parts[1].text else {
                throw fault("a name is not text")
            }
            try charge(module.utf8.count + name.utf8.count)
            try push(self.name(module: module, name: name))
        case .reduce, .newObj:
            let parts = try pop(count: 2)
            try push(call(parts[0], with: parts[1]))
        case .newObjEx:
            let parts = try pop(count: 3)
            try push(call(parts[0], with: parts[1]))
        case .build:
            let state = try pop()
            try build(top(), state)
        case .binPersId: try push(persistent(pop()))
        }
    }

    private mutating func recall(_ index: Int) throws(FormatError) {
        guard index >= 0, index < memo.count, let value = memo[index] else {
            throw fault("nothing is remembered as \(index)")
        }
        try push(value)
    }

    private mutating func remember(as index: Int) throws(FormatError) {
        guard index >= 0 else { throw fault("remembers something as \(index)") }
        if index >= memo.count {
            let more = index - memo.count + 1
            try charge(more * MemoryLayout<PickleValue?>.stride)
            memo += repeatElement(nil, count: more)
        }
        memo[index] = try top()
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
            throw .refused(name: String("\(module).\(name)".prefix(120)), offset: reader.operationStart)
        }
        return .name(known)
    }

    /// Sets attributes, or the content of an array under way.
    private mutating func build(_ value: PickleValue, _ state: PickleValue) throws(FormatError) {
        guard case .node(let number) = value else { throw fault("sets attributes of what is no object") }
        switch graph.nodes[number].kind {
        case .array: graph.nodes[number].kind = try array(ofState: state)
        case .arrayType(let element, let bigEndian):
            let order = graph.sequence(state).flatMap { $0.count > 1 ? $0[1].text : nil }
            let turned = order == ">" || (order != "<" && bigEndian)
            graph.nodes[number].kind = .arrayType(element, bigEndian: turned)
        case .object: graph.nodes[number].state = state
        // Attributes hung on dictionaries and tensors (`_metadata`, backward hooks) name no weights.
        default: break
        }
    }

    // MARK: Stack

    private mutating func push(_ value: PickleValue) throws(FormatError) {
        try charge(MemoryLayout<PickleValue>.stride)
        stack.push(value)
    }

    private func top() throws(FormatError) -> PickleValue {
        guard let value = stack.top else { throw fault("takes from an empty stack") }
        return value
    }

    private mutating func pop() throws(FormatError) -> PickleValue {
        guard let value = stack.pop() else { throw fault("takes from an empty stack") }
        return value
    }

    private mutating func pop(count: Int) throws(FormatError) -> [PickleValue] {
        guard let values = stack.pop(count: count) else { throw fault("takes from an empty stack") }
        return values
    }

    private mutating func popToMark() throws(FormatError) -> [PickleValue] {
        guard let values = stack.popToMark() else { throw fault("lacks a mark") }
        return values
    }

    private func evenly(_ items: [PickleValue]) throws(FormatError) -> [PickleValue] {
        guard items.count % 2 == 0 else { throw fault("a key without its value") }
        return items
    }

    // MARK: What calls build on

    mutating func node(
        _ kind: PickleGraph.Node.Kind, _ items: [PickleValue] = [], state: PickleValue? = nil
    ) throws(FormatError) -> PickleValue {
        try charge(MemoryLayout<PickleGraph.Node>.stride)
        graph.nodes.append(PickleGraph.Node(kind: kind, items: items, state: state))
        return .node(graph.nodes.count - 1)
    }

    mutating func keep(_ storage: PickleGraph.Storage, as key: String) { storages[key] = storage }

    func fault(_ reason: String) -> FormatError { reader.fault(reason) }

    /// Counts bytes that are made or copied: a short pickle may ask for the same ones again and again.
    mutating func charge(_ count: Int) throws(FormatError) {
        budget -= count
        guard budget >= 0 else { throw fault("unpacks the same bytes again and again") }
    }
}
