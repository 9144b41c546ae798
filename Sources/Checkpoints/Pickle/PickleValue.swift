import Tensors

/// A value on a pickle's stack: small ones in place, the others by their number in the graph.
enum PickleValue: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    /// More than 64 bits, little-endian two's complement.
    case longInteger(Bytes)
    case float(Double)
    case text(String)
    case bytes(Bytes)
    case name(PickleName)
    case node(Int)

    /// No key or name is longer; checking whether bytes are text must not cost without bound.
    private static let maximumTextLength = 4096

    /// The text; Python 2 wrote its strings as bytes.
    var text: String? {
        switch self {
        case .text(let text): text
        case .bytes(let bytes): bytes.count <= Self.maximumTextLength ? bytes.text : nil
        default: nil
        }
    }

    var integer: Int? {
        if case .integer(let integer) = self { integer } else { nil }
    }

    var number: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .float(let number): number
        default: nil
        }
    }
}

/// What a pickle builds, numbered in the order of making.
///
/// Values refer to nodes by number rather than by reference: a pickle may tie cycles and nest without bound, and
/// neither must leak memory or recurse when it is freed.
struct PickleGraph: Sendable {
    struct Node: Sendable {
        /// The larger ones stand elsewhere: there are many small nodes.
        enum Kind: Sendable {
            case list, tuple, set
            /// Keys and values by turns.
            case dictionary
            /// An instance of a class that is never made: its arguments are the items, its attributes the state.
            case object(className: String)
            indirect case storage(Storage)
            indirect case tensor(StorageView)
            indirect case array(StoredTensor?)
            case arrayType(NumPyHeader.Element, bigEndian: Bool)
        }

        var kind: Kind
        var items: [PickleValue] = []
        var state: PickleValue?
    }

    /// Numbers of PyTorch that tensors are views of.
    struct Storage: Sendable {
        enum Place: Sendable {
            /// The name of a record of the archive, or of a block after the pickle.
            case key(String)
            case bytes(Bytes)
        }
        let element: ElementType?
        let elementName: String
        let count: Int
        let place: Place
    }

    /// A tensor of PyTorch: how it looks at a storage.
    struct StorageView: Sendable {
        let storage: Storage
        let element: ElementType
        let offset: Int
        let shape: Shape
        let strides: [Int]
    }

    /// Axes of a tensor; PyTorch and NumPy allow 64.
    private static let maximumRank = 64

    var nodes: [Node] = []
    /// The length of the pickle that it was built from.
    var byteCount = 0

    subscript(value: PickleValue) -> Node? {
        guard case .node(let number) = value else { return nil }
        return nodes[number]
    }

    /// The items, where the value is a list or tuple.
    func sequence(_ value: PickleValue) -> [PickleValue]? {
        guard let node = self[value] else { return nil }
        switch node.kind {
        case .list, .tuple: return node.items
        default: return nil
        }
    }

    /// The integers, where the value is a list or tuple of a shape's length.
    func integers(_ value: PickleValue) -> [Int]? {
        guard let items = sequence(value), items.count <= Self.maximumRank else { return nil }
        let integers = items.compactMap(\.integer)
        return integers.count == items.count ? integers : nil
    }

    /// The value of a text key, where `value` is a dictionary that has it; the last one counts, as in Python.
    func member(_ key: String, of value: PickleValue) -> PickleValue? {
        guard let node = self[value], case .dictionary = node.kind else { return nil }
        return stride(from: 0, to: node.items.count, by: 2).reversed()
            .first { node.items[$0].text == key }.map { node.items[$0 + 1] }
    }

    /// The attributes of an object: its state, of which slots may be the second half.
    func attributes(of node: Node) -> PickleValue? {
        guard let state = node.state else { return nil }
        if let halves = sequence(state), halves.count == 2 { return halves[0] }
        return state
    }
}
