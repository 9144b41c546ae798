import Tensors

/// The safetensors format: 8 bytes of header length, a JSON header, then every tensor's bytes without a gap.
///
///     [length: UInt64 LE] {"__metadata__": {…}, "name": {"dtype": "F32", "shape": […], "data_offsets": [a, b]}, …} [data]
///
/// Source of the facts: the format's own description at huggingface/safetensors, and what its reader refuses.
public enum SafetensorsFile {
    static let format = "safetensors"
    /// What the format's own reader accepts at most, in bytes.
    static let maximumHeaderLength = 100_000_000

    static let elementNames: [String: ElementType] = [
        "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
        "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64,
        "U8": .uint8, "U16": .uint16, "U32": .uint32, "U64": .uint64, "BOOL": .bool,
    ]

    /// Whether bytes begin as a safetensors file does: with a length that a header may have, and a brace.
    static func recognises(_ bytes: Bytes) -> Bool {
        guard let length: UInt64 = bytes.integer(at: 0) else { return false }
        return length <= UInt64(maximumHeaderLength) && resembles(bytes)
    }

    /// Whether bytes that nothing else begins with were meant to be a safetensors file.
    static func resembles(_ bytes: Bytes) -> Bool { bytes.starts(with: "{".utf8, at: 8) }

    static func read(_ bytes: Bytes) throws(FormatError) -> CheckpointContents {
        guard let length: UInt64 = bytes.integer(at: 0) else {
            throw .truncated(format: format, what: "the header's length", needed: 8, found: bytes.count)
        }
        guard length <= UInt64(maximumHeaderLength) else {
            throw .malformed(
                format: format, offset: 0,
                reason: "a header of \(length) bytes; at most \(maximumHeaderLength)")
        }
        guard let header = bytes.slice(at: 8, count: Int(length)) else {
            throw .truncated(format: format, what: "the header", needed: Int(length), found: bytes.count - 8)
        }
        let data = bytes.suffix(from: 8 + Int(length))
        guard case .object(let members) = try JSONValue(header, format: format) else {
            throw .malformed(format: format, offset: 8, reason: "the header is not a JSON object")
        }

        var contents = CheckpointContents(format: format)
        var ranges: [(name: String, range: Range<Int>)] = []
        for member in members {
            if member.name == "__metadata__" {
                contents.metadata = try metadata(member.value)
                continue
            }
            ranges.append((member.name, try add(member.name, member.value, in: data, to: &contents)))
        }
        try requireNoGap(ranges, in: data)
        return contents
    }

    /// Writes float32 tensors in the order of their names, whole or not at all; the data starts on a cache line.
    /// - Throws: `CheckpointError.uncreatable` where the header is longer than readers take; as `WholeFile.write`.
    public static func write(
        _ tensors: [String: Tensor], metadata: [String: String] = [:], path: String
    ) throws(CheckpointError) {
        let ordered = tensors.sorted { $0.key < $1.key }
        var members: [String] = []
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key < $1.key }
                .map { "\(JSONValue.quoted($0.key)):\(JSONValue.quoted($0.value))" }
            members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
        }
        var offset = 0
        for (name, tensor) in ordered {
            guard name != "__metadata__" else {
                throw .uncreatable(
                    path: path, reason: "__metadata__ is not a name for a tensor in safetensors")
            }
            let end = offset + tensor.count * MemoryLayout<Float>.size
            let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
            members.append(
                "\(JSONValue.quoted(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            )
            offset = end
        }
        var header = Array("{\(members.joined(separator: ","))}".utf8)
        header += [UInt8](repeating: 0x20, count: (64 - (8 + header.count) % 64) % 64)
        guard header.count <= maximumHeaderLength else {
            throw .uncreatable(
                path: path, reason: "a safetensors header takes \(maximumHeaderLength) bytes at most")
        }
        try WholeFile.write(path: path) { file throws(CheckpointError) in
            try file.append(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
            try file.append(header)
            for (_, tensor) in ordered {
                try tensor.withUnsafeValues { values throws(CheckpointError) in
                    try file.append(UnsafeRawBufferPointer(values))
                }
            }
        }
    }

    private static func metadata(_ value: JSONValue) throws(FormatError) -> [String: String] {
        guard case .object(let members) = value else {
            throw .malformed(format: format, offset: nil, reason: "__metadata__ is not an object")
        }
        var metadata: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw .malformed(
                    format: format, offset: nil, reason: "__metadata__.\(member.name) is not a string")
            }
            metadata[member.name] = text
        }
        return metadata
    }

    /// Adds a tensor; returns its bytes' place in the data.
    private static func add(
        _ name: String, _ value: JSONValue, in data: Bytes, to contents: inout CheckpointContents
    ) throws(FormatError) -> Range<Int> {
        func fault(_ reason: String) -> FormatError {
            .malformed(format: format, offset: nil, reason: "\(name): \(reason)")
        }
        guard case .string(let elementName)? = value["dtype"] else { throw fault("has no dtype") }
        guard let dimensions = value["shape"]?.integers else { throw fault("has no shape of integers") }
        let shape: Shape
        do { shape = try Shape(dimensions) } catch { throw fault(error.description) }
        guard let offsets = value["data_offsets"]?.integers, offsets.count == 2, 0 <= offsets[0],
            offsets[0] <= offsets[1]
        else { throw fault("data_offsets are not two rising offsets") }
        let range = offsets[0]..<offsets[1]

        guard let element = elementNames[elementName] else {
            guard offsets[1] <= data.count else {
                throw .truncated(format: format, what: name, needed: offsets[1], found: data.count)
            }
            let known = elementNames.keys.sorted().joined(separator: ", ")
            let type = String(elementName.prefix(40))
            contents.unreadable[name] = UnreadableTensor(
                shape: shape, type: type, byteCount: range.count,
                error: .unsupported(format: format, reason: "\(name): dtype \(type) is none of \(known)"))
            return range
        }
        let (size, overflow) = shape.count.multipliedReportingOverflow(by: element.size)
        guard !overflow, size == offsets[1] - offsets[0] else {
            throw fault("shape \(shape) of \(elementName) does not fill bytes \(offsets[0])..<\(offsets[1])")
        }
        contents.tensors[name] = try StoredTensor(
            shape: shape, element: element, source: .bytes(data), start: offsets[0], format: format,
            name: name)
        return range
    }

    /// The format wants the data covered whole, and once.
    private static func requireNoGap(
        _ ranges: [(name: String, range: Range<Int>)], in data: Bytes
    ) throws(FormatError) {
        var end = 0
        for (name, range) in ranges.sorted(by: {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }) {
            guard range.lowerBound == end else {
                let fault = range.lowerBound < end ? "overlaps another tensor" : "leaves a gap before it"
                throw .malformed(
                    format: format, offset: nil,
                    reason: "\(name): bytes \(range.lowerBound)..<\(range.upperBound) \(fault), at \(end)")
            }
            end = range.upperBound
        }
        guard end == data.count else { throw .oversized(format: format, extra: data.count - end) }
    }
}
