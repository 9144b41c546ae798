import Tensors

/// What `torch.save` wrote before version 1.6, and still writes inside other pickles: five pickles (magic number,
/// version, machine, the object, the storages' keys), then each storage's count (Int64 LE) and numbers.
enum PyTorchLegacyFile {
    static let format = "PyTorch"

    /// The first pickle's number, 0x1950a86a20f9469cfc6c.
    private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    /// More than the first pickle takes in any protocol.
    private static let magicLength = 32
    private static let version = 1001

    static func recognises(_ bytes: Bytes) -> Bool { headerLength(bytes) != nil }

    /// The length of the first pickle, or nil where it is not the magic number.
    private static func headerLength(_ bytes: Bytes) -> Int? {
        guard PickleInterpreter.recognises(bytes),
            let start = bytes.slice(at: 0, count: min(magicLength, bytes.count))
        else { return nil }
        var first = PickleInterpreter(start)
        guard case .longInteger(let number)? = try? first.run(), number.count == magic.count,
            number.starts(with: magic)
        else { return nil }
        return first.position
    }

    static func read(_ bytes: Bytes) throws(FormatError) -> CheckpointContents {
        let (interpreter, root, blocks) = try parts(bytes, nesting: 0)
        var found = PickleTensors(interpreter.graph, format: format) { storage throws(FormatError) in
            .bytes(try place(storage, blocks))
        }
        try found.add(root)
        var contents = CheckpointContents(format: format)
        contents.tensors = found.tensors
        contents.settings = found.settings
        contents.metadata = PickleMetadata.read(root, in: interpreter.graph)
        return contents
    }

    /// The storage, where the object of the file is one.
    static func storage(_ bytes: Bytes, nesting: Int) throws(FormatError) -> PickleGraph.Storage {
        let (interpreter, root, blocks) = try parts(bytes, nesting: nesting)
        guard case .storage(let storage)? = interpreter.graph[root]?.kind else {
            throw .malformed(format: format, offset: nil, reason: "a storage inside a pickle is none")
        }
        return PickleGraph.Storage(
            element: storage.element, elementName: storage.elementName, count: storage.count,
            place: .bytes(try place(storage, blocks)))
    }

    private static func place(
        _ storage: PickleGraph.Storage, _ blocks: [String: Bytes]
    ) throws(FormatError) -> Bytes {
        switch storage.place {
        case .bytes(let bytes): return bytes
        case .key(let key):
            guard let block = blocks[key] else {
                throw .malformed(
                    format: format, offset: nil, reason: "storage \(key.prefix(40)) is not in the file")
            }
            return block
        }
    }

    private static func parts(
        _ bytes: Bytes, nesting: Int
    ) throws(FormatError) -> (PickleInterpreter, PickleValue, [String: Bytes]) {
        func fault(_ reason: String, at offset: Int) -> FormatError {
            .malformed(format: format, offset: offset, reason: reason)
        }
        guard let start = headerLength(bytes) else {
            throw .malformed(
                format: format, offset: nil, reason: "a file or storage without its magic number")
        }
        var header = PickleInterpreter(bytes, at: start, nesting: nesting)
        guard case .integer(version) = try header.run() else {
            throw fault("the version is not \(version)", at: start)
        }
        var machine = PickleInterpreter(bytes, at: header.position, nesting: nesting)
        let facts = try machine.run()
        if case .bool(false)? = machine.graph.member("little_endian", of: facts) {
            throw .unsupported(format: format, reason: "written on a big-endian machine")
        }
        var object = PickleInterpreter(bytes, at: machine.position, nesting: nesting)
        let root = try object.run()
        var list = PickleInterpreter(bytes, at: object.position, nesting: nesting)
        let listed = try list.run()
        guard let keys = list.graph.sequence(listed) else {
            throw fault("no list of storages", at: object.position)
        }

        var position = list.position
        var blocks: [String: Bytes] = [:]
        for key in keys {
            guard let key = key.text, let storage = object.storages[key] else {
                throw fault("lists a storage that no tensor uses", at: object.position)
            }
            guard let stored: Int64 = bytes.integer(at: position) else {
                throw .truncated(
                    format: format, what: "a storage's count", needed: 8, found: bytes.count - position)
            }
            // The count is of numbers; of bytes where the storage has no type.
            let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.element?.size ?? 1)
            guard stored == storage.count, !overflow else {
                throw fault(
                    "storage \(key.prefix(40)) has \(stored) numbers, not \(storage.count)", at: position)
            }
            guard let block = bytes.slice(at: position + 8, count: size) else {
                throw .truncated(
                    format: format, what: "a storage", needed: size, found: bytes.count - position - 8)
            }
            blocks[key] = block
            position += 8 + size
        }
        guard position == bytes.count else { throw .oversized(format: format, extra: bytes.count - position) }
        return (object, root, blocks)
    }
}
