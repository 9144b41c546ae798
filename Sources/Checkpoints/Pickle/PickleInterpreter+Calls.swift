extension PickleInterpreter {
    /// What calling a known name with a tuple of arguments gives.
    mutating func call(
        _ callee: PickleValue, with argumentTuple: PickleValue, depth: Int = 0
    ) throws(FormatError) -> PickleValue {
        guard case .name(let name) = callee else { throw fault("calls what is no name") }
        guard let arguments = graph.sequence(argumentTuple) else {
            throw fault("calls with what is no tuple")
        }
        switch name {
        case .dictionary: return try dictionary(of: arguments)
        // What it makes of keys that are missing is its argument.
        case .defaultDictionary: return try node(.dictionary)
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
            try charge(arguments.count * MemoryLayout<PickleValue>.stride)
            return try node(.object(className: className), arguments)
        case .constant(let name): throw .refused(name: "a call of \(name)", offset: reader.operationStart)
        case .storage, .elementType: throw .refused(name: "a call of a type", offset: reader.operationStart)
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
            return try node(.object(className: className), state: state)
        case .array, .reconstructArray: return try node(.array(nil))
        case .arrayType:
            guard let type = arguments.first?.text else { throw fault("an array's type is not text") }
            let (element, bigEndian) = NumPyHeader.element(type)
            if case .other(let type) = element { throw NumPyHeader.unsupported(type, format: Self.format) }
            return try node(.arrayType(element, bigEndian: bigEndian))
        case .arrayScalar:
            guard arguments.count == 2 else { throw fault("a scalar without its type and bytes") }
            return try node(
                array(type: arguments[0], shape: [], content: arguments[1], isFortranOrder: false))
        case .arrayFromBuffer:
            guard arguments.count == 4, let shape = graph.integers(arguments[2]) else {
                throw fault("an array without its shape")
            }
            return try node(
                array(
                    type: arguments[1], shape: shape, content: arguments[0],
                    isFortranOrder: arguments[3].text == "F"))
        }
    }

    /// `dict()`, `dict` of pairs, which Python 2 wrote, or `Counter` of a dictionary.
    private mutating func dictionary(of arguments: [PickleValue]) throws(FormatError) -> PickleValue {
        guard let pairs = arguments.first else { return try node(.dictionary) }
        if let copied = graph[pairs], case .dictionary = copied.kind {
            try charge(copied.items.count * MemoryLayout<PickleValue>.stride)
            return try node(.dictionary, copied.items)
        }
        guard let pairs = graph.sequence(pairs) else { throw fault("a dictionary of what are no pairs") }
        try charge(2 * pairs.count * MemoryLayout<PickleValue>.stride)
        var items: [PickleValue] = []
        for pair in pairs {
            guard let pair = graph.sequence(pair), pair.count == 2 else {
                throw fault("a dictionary of what are no pairs")
            }
            items += pair
        }
        return try node(.dictionary, items)
    }

    private mutating func sequence(
        _ kind: PickleGraph.Node.Kind, of arguments: [PickleValue]
    ) throws(FormatError) -> PickleValue {
        guard let content = arguments.first else { return try node(kind) }
        guard let items = graph[content]?.items else { throw fault("a list of what is no list") }
        try charge(items.count * MemoryLayout<PickleValue>.stride)
        return try node(kind, items)
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
}
