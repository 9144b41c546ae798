import CZlib

/// Writes a zip archive of stored records, each aligned so that a reader may map its numbers.
struct ZipWriter: ~Copyable {
    private struct Record {
        let name: [UInt8]
        let size: UInt32
        let checksum: UInt32
        let offset: UInt32
    }

    /// Cache line; a reader borrows float32 values from the mapped archive.
    private static let alignment = 64
    /// Midnight, 1 January 1980, the first moment that zip can name: the same content gives the same bytes.
    private static let date: [UInt8] = [0, 0, 0x21, 0]

    private let path: String
    private var records: [Record] = []
    private var position = 0

    init(path: String) { self.path = path }

    /// Appends a record of these pieces.
    mutating func append(
        _ name: String, _ pieces: [UnsafeRawBufferPointer], to file: inout WholeFile
    ) throws(CheckpointError) {
        let name = Array(name.utf8)
        let size = pieces.reduce(0) { $0 + $1.count }
        // The padding is an extra field of its own, at least its 4-byte head; 0xd935 is what zipalign uses.
        let plain = position + 30 + name.count + 4
        let padding = (Self.alignment - plain % Self.alignment) % Self.alignment
        guard size < UInt32.max, position < Int(UInt32.max) - size - 1 << 20, name.count < 1 << 15,
            records.count < 0xffff
        else {
            throw .uncreatable(path: path, reason: "a zip archive holds 4 GiB and 65,534 records at most")
        }
        let checksum = pieces.reduce(crc32_z(0, nil, 0)) { crc32_z($0, $1.baseAddress, $1.count) }
        let record = Record(
            name: name, size: UInt32(size), checksum: UInt32(truncatingIfNeeded: checksum),
            offset: UInt32(position))

        var header: [UInt8] = [0x50, 0x4b, 0x03, 0x04]
        header += facts(record)
        header += little(UInt16(4 + padding))
        header += name
        header += little(0xd935 as UInt16) + little(UInt16(padding))
        header += [UInt8](repeating: 0, count: padding)
        try file.append(header)
        for piece in pieces { try file.append(piece) }
        position += header.count + size
        records.append(record)
    }

    /// Appends the directory, with which the archive ends.
    consuming func finish(_ file: inout WholeFile) throws(CheckpointError) {
        var directory: [UInt8] = []
        for record in records {
            directory += [0x50, 0x4b, 0x01, 0x02, 20, 0]
            directory += facts(record)
            // No extra field, comment, disk number or attributes.
            directory += [UInt8](repeating: 0, count: 12)
            directory += little(record.offset)
            directory += record.name
        }
        let size = UInt32(directory.count)
        directory += [0x50, 0x4b, 0x05, 0x06, 0, 0, 0, 0]
        directory += little(UInt16(records.count)) + little(UInt16(records.count))
        directory += little(size) + little(UInt32(position)) + [0, 0]
        try file.append(directory)
    }

    /// The fields that a record's header and its line of the directory share: version 2.0, UTF-8 names, stored.
    private func facts(_ record: Record) -> [UInt8] {
        [20, 0, 0, 0x08, 0, 0] + Self.date + little(record.checksum) + little(record.size)
            + little(record.size)
            + little(UInt16(record.name.count))
    }

    private func little(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
