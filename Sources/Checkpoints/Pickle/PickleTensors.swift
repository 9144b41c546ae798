import Tensors

/// Finds the tensors of a pickle's graph and names each by the path of keys, indices and attributes to it; beside them the
/// numbers among the attributes of objects that hold tensors.
///
/// Layers read as their `state_dict` does: `_parameters`, `_buffers` and `_modules` leave no trace in the path.
/// A graph may share and tie its objects at will; the walk is bounded all the same.
struct PickleTensors {
    /// How often one container may be reached: tied weights are, a bomb of nested pairs is without bound.
    private static let maximumVisits = 16
    private static let maximumDepth = 100
    private static let maximumCount = 200_000
    private static let maximumPathLength = 4096
    /// Budget for names: 4 bytes for each byte of the pickle, plus 1 MiB; one object listed under a long name many times
    /// would otherwise fill the memory.
    private static let nameBudget = (perByte: 4, base: 1 << 20)

    private let graph: PickleGraph
    private let format: String
    /// Where a storage's numbers are.
    private let source: (PickleGraph.Storage) throws(FormatError) -> StoredTensor.Source
    private let bigEndian: Bool
    private let holdsTensor: [Bool]
    private var visits: [Int]
    private var isUnderWay: [Bool]
    private var nameBudget: Int
    private(set) var tensors: [String: StoredTensor] = [:]
    private(set) var settings: [String: Double] = [:]

    init(
        _ graph: PickleGraph, format: String, bigEndian: Bool = false,
        source: @escaping (PickleGraph.Storage) throws(FormatError) -> StoredTensor.Source
    ) {
        self.graph = graph
        self.format = format
        self.source = source
        self.bigEndian = bigEndian
        holdsTensor = Self.holdsTensor(graph)
        visits = [Int](repeating: 0, count: graph.nodes.count)
        isUnderWay = [Bool](repeating: false, count: graph.nodes.count)
        nameBudget = Self.nameBudget.base + Self.nameBudget.perByte * graph.byteCount
    }

    /// Adds the tensors below a value; `path` names the value.
    mutating func add(_ value: PickleValue, path: String = "", depth: Int = 0) throws(FormatError) {
        // What leads back to itself would have endless names.
        guard case .node(let number) = value, holdsTensor[number], !isUnderWay[number] else { return }
        let node = graph.nodes[number]
        switch node.kind {
        case .tensor(let view): return try insert(path, stored(view, path))
        case .array(let array):
            return try array.map { array throws(FormatError) in try insert(path, array) } ?? ()
        default: break
        }
        visits[number] += 1
        guard visits[number] <= Self.maximumVisits, depth <= Self.maximumDepth else {
            throw fault("\(path.prefix(200)): nested too deeply, or the same object in too many places")
        }
        isUnderWay[number] = true
        defer { isUnderWay[number] = false }

        switch node.kind {
        case .list, .tuple, .set:
            for (index, item) in node.items.enumerated() {
                try add(item, path: join(path, String(index)), depth: depth + 1)
            }
        case .dictionary: try addMembers(node.items, path: path, depth: depth)
        case .object:
            guard let attributes = graph.attributes(of: node).flatMap({ graph[$0] }),
                case .dictionary = attributes.kind
            else { return }
            try addAttributes(attributes.items, path: path, depth: depth)
        default: break
        }
    }

    private mutating func addMembers(
        _ items: [PickleValue], path: String, depth: Int, except: Set<String> = []
    ) throws(FormatError) {
        for i in stride(from: 0, to: items.count, by: 2) {
            guard let key = items[i].text ?? items[i].integer.map(String.init), !except.contains(key) else {
                continue
            }
            guard path.utf8.count + key.utf8.count < Self.maximumPathLength else {
                throw fault("\(path.prefix(200)): a name of more than \(Self.maximumPathLength) bytes")
            }
            try add(items[i + 1], path: join(path, key), depth: depth + 1)
        }
    }

    private mutating func addAttributes(_ items: [PickleValue], path: String, depth: Int) throws(FormatError)
    {
        let transparent = ["_parameters", "_buffers", "_modules"]
        for i in stride(from: 0, to: items.count, by: 2) {
            guard let key = items[i].text, transparent.contains(key), let node = graph[items[i + 1]],
                case .dictionary = node.kind
            else { continue }
            try addMembers(
                node.items, path: path, depth: depth,
                except: key == "_buffers" ? transientBuffers(items) : [])
        }
        try addMembers(items, path: path, depth: depth, except: Set(transparent))
        for i in stride(from: 0, to: items.count, by: 2) {
            guard let key = items[i].text, let number = items[i + 1].number else { continue }
            let name = join(path, key)
            try charge(name)
            settings[name] = number
        }
    }

    /// Buffers that a layer recomputes and leaves out of its `state_dict`.
    private func transientBuffers(_ attributes: [PickleValue]) -> Set<String> {
        for i in stride(from: 0, to: attributes.count, by: 2)
        where attributes[i].text == "_non_persistent_buffers_set" {
            return Set((graph[attributes[i + 1]]?.items ?? []).compactMap(\.text))
        }
        return []
    }

    private mutating func insert(_ path: String, _ tensor: StoredTensor) throws(FormatError) {
        guard tensors.count < Self.maximumCount else { throw fault("more than \(Self.maximumCount) tensors") }
        let name = path.isEmpty ? NumPyFile.name : path
        guard tensors[name] == nil else { return }
        try charge(name)
        tensors[name] = tensor
    }

    private mutating func charge(_ name: String) throws(FormatError) {
        nameBudget -= name.utf8.count
        guard nameBudget >= 0 else {
            throw fault("\(name.prefix(200)): the same object under too many names")
        }
    }

    private func stored(_ view: PickleGraph.StorageView, _ path: String) throws(FormatError) -> StoredTensor {
        let (start, overflow) = view.offset.multipliedReportingOverflow(by: view.element.size)
        guard !overflow else { throw fault("\(path): offset \(view.offset)") }
        return try StoredTensor(
            shape: view.shape, element: view.element, source: source(view.storage), start: start,
            strides: view.strides, bigEndian: bigEndian, format: format, name: path)
    }

    private func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : path + "." + key }

    private func fault(_ reason: String) -> FormatError {
        .malformed(format: format, offset: nil, reason: reason)
    }

    /// For every node, whether a tensor can be reached from it: found backwards from the tensors, once each.
    private static func holdsTensor(_ graph: PickleGraph) -> [Bool] {
        var parents = [[Int32]](repeating: [], count: graph.nodes.count)
        var holds = [Bool](repeating: false, count: graph.nodes.count)
        var pending: [Int] = []
        for (number, node) in graph.nodes.enumerated() {
            switch node.kind {
            case .tensor, .array:
                holds[number] = true
                pending.append(number)
            case .list, .tuple, .set, .dictionary, .object:
                for case .node(let child) in node.items { parents[child].append(Int32(number)) }
                if case .node(let child)? = node.state { parents[child].append(Int32(number)) }
            case .storage, .arrayType: break
            }
        }
        while let number = pending.popLast() {
            for parent in parents[number] where !holds[Int(parent)] {
                holds[Int(parent)] = true
                pending.append(Int(parent))
            }
        }
        return holds
    }
}
