import Tensors

/// Several NumPy arrays in a zip archive (`.npz`), each by its name.
public enum NumPyArchive {
    /// What a name in the archive stands for.
    public enum Value: Sendable {
        case tensor(Tensor)
        /// An array of no axes: `str(archive[name])` in Python.
        case text(String)
    }

    static let format = "npz"

    /// Writes an archive that `numpy.load` reads, the values in the given order, whole or not at all.
    /// - Throws: `CheckpointError.uncreatable` where a name stands twice, or zip's limit of 4 GiB is passed; as
    ///   `WholeFile.write`.
    public static func write(_ values: [(name: String, value: Value)], path: String) throws(CheckpointError) {
        var names: Set<String> = []
        for (name, _) in values where name.isEmpty || !names.insert(name).inserted {
            throw .uncreatable(path: path, reason: "the name \"\(name)\" is empty or stands twice")
        }
        try WholeFile.write(path: path) { file throws(CheckpointError) in
            var zip = ZipWriter(path: path)
            for (name, value) in values {
                switch value {
                case .tensor(let tensor):
                    let header = NumPyHeader.bytes(type: "<f4", shape: tensor.shape)
                    try tensor.withUnsafeValues { values throws(CheckpointError) in
                        try append(name, header, UnsafeRawBufferPointer(values), &zip, &file)
                    }
                case .text(let text):
                    let points = text.unicodeScalars.map { $0.value.littleEndian }
                    // NumPy drops zeros at a string's end, and has no string of length 0.
                    let header = NumPyHeader.bytes(type: "<U\(max(points.count, 1))", shape: [])
                    let stored = points.isEmpty ? [0] : points
                    try stored.span.bytes.withUnsafeBytes { points throws(CheckpointError) in
                        try append(name, header, points, &zip, &file)
                    }
                }
            }
            try zip.finish(&file)
        }
    }

    private static func append(
        _ name: String, _ header: [UInt8], _ content: UnsafeRawBufferPointer, _ zip: inout ZipWriter,
        _ file: inout WholeFile
    ) throws(CheckpointError) {
        try header.span.bytes.withUnsafeBytes { header throws(CheckpointError) in
            try zip.append(name + ".npy", [header, content], to: &file)
        }
    }

    /// Whether an archive holds arrays and nothing else.
    static func recognises(_ archive: ZipArchive) -> Bool {
        archive.records.allSatisfy { $0.name.hasSuffix(".npy") }
    }

    /// Arrays of numbers become tensors, strings metadata (an array of strings: a line each); others are only named.
    static func read(_ archive: ZipArchive) throws(FormatError) -> CheckpointContents {
        var contents = CheckpointContents(format: format)
        for record in archive.records {
            let name = String(record.name.dropLast(4))
            let prefix = try archive.prefix(of: record, count: 12 + NumPyHeader.maximumLength)
            let header = try NumPyHeader(prefix, format: "npz, \(record.name)")
            switch header.element {
            case .other(let type):
                contents.unreadable[name] = UnreadableTensor(
                    shape: header.shape, type: type, byteCount: record.size,
                    error: NumPyHeader.unsupported(type, format: "npz, \(record.name)"))
            case .number:
                contents.tensors[name] = try header.tensor(
                    in: .record(archive, record), format: format, name: name)
            case .text(let length):
                contents.metadata[name] = try text(header, length, try archive.bytes(of: record), name)
            }
        }
        return contents
    }

    private static func text(
        _ header: NumPyHeader, _ length: Int, _ bytes: Bytes, _ name: String
    ) throws(FormatError) -> String {
        let (units, overflow) = header.shape.count.multipliedReportingOverflow(by: length)
        let content = bytes.suffix(from: header.length)
        guard !overflow, units == content.count / 4, content.count % 4 == 0 else {
            throw .malformed(
                format: format, offset: nil, reason: "\(name): the strings do not fill the record")
        }
        var lines: [String] = []
        for string in 0..<(length == 0 ? 0 : header.shape.count) {
            var line = String.UnicodeScalarView()
            for i in 0..<length {
                guard let stored: UInt32 = content.integer(at: 4 * (string * length + i)) else { break }
                let value = header.bigEndian ? stored.byteSwapped : stored
                if value == 0 { break }
                guard let scalar = Unicode.Scalar(value) else {
                    throw .malformed(
                        format: format, offset: nil, reason: "\(name): not a character: \(value)")
                }
                line.append(scalar)
            }
            lines.append(String(line))
        }
        return lines.joined(separator: "\n")
    }
}
