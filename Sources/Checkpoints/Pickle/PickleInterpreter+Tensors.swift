import Tensors

extension PickleInterpreter {
    /// A storage inside a pickle is a file of PyTorch's older format with pickles of its own, and no deeper.
    private static let maximumNesting = 1

    /// State of `ndarray`: version, shape, type, whether in Fortran order, bytes.
    func array(ofState state: PickleValue) throws(FormatError) -> PickleGraph.Node.Kind {
        guard let parts = graph.sequence(state), parts.count == 5, let shape = graph.integers(parts[1]),
            case .bool(let isFortranOrder) = parts[3]
        else { throw fault("an array without its shape, type and bytes") }
        return try array(type: parts[2], shape: shape, content: parts[4], isFortranOrder: isFortranOrder)
    }

    func array(
        type: PickleValue, shape dimensions: [Int], content: PickleValue, isFortranOrder: Bool
    ) throws(FormatError) -> PickleGraph.Node.Kind {
        guard case .arrayType(let element, let bigEndian)? = graph[type]?.kind else {
            throw fault("an array without its type")
        }
        guard case .number = element else { throw fault("an array of text") }
        guard case .bytes(let bytes) = content else { throw fault("an array that is not bytes") }
        let shape = try shape(dimensions)
        let header = NumPyHeader(
            element: element, bigEndian: bigEndian, isFortranOrder: isFortranOrder, shape: shape)
        return .array(try header.tensor(in: .bytes(bytes), format: Self.format, name: "an array"))
    }

    private func shape(_ dimensions: [Int]) throws(FormatError) -> Shape {
        do { return try Shape(dimensions) } catch { throw fault(error.description) }
    }

    /// `(storage, offset, shape, strides, …)`; `type` where the storage does not say it.
    mutating func tensor(
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
        return try node(.tensor(view))
    }

    /// What an object kept outside the pickle is: `("storage", type, key, device, count, …)`.
    mutating func persistent(_ identifier: PickleValue) throws(FormatError) -> PickleValue {
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
        keep(storage, as: key)
        return try node(.storage(storage))
    }

    /// A storage whose bytes are a file of PyTorch's older format, inside this pickle.
    mutating func storage(within arguments: [PickleValue]) throws(FormatError) -> PickleValue {
        guard case .bytes(let bytes)? = arguments.first else { throw fault("a storage that is not bytes") }
        guard nesting < Self.maximumNesting else { throw fault("storages within storages") }
        try charge(bytes.count)
        return try node(.storage(PyTorchLegacyFile.storage(bytes, nesting: nesting + 1)))
    }
}
