import CZlib
import Glibc

/// A zip archive read in place: stored and deflated records, zip64 included.
///
/// Source of the facts: PKWARE's APPNOTE.TXT 6.3, sections 4.3 (records) and 4.5.3 (zip64).
struct ZipArchive: Sendable {
    /// What the directory says of one record.
    struct Record: Sendable {
        let name: String
        /// Bytes when unpacked.
        let size: Int
        fileprivate let packedSize: Int
        fileprivate let isDeflated: Bool
        fileprivate let checksum: UInt32
        fileprivate let headerOffset: Int
        /// The least that the record takes in the archive, from its header to the end of its bytes.
        fileprivate let leastLength: Int
    }

    static let format = "zip"
    /// Bytes up to which a record may unpack at any ratio.
    private static let largestBlank = 1 << 24

    /// In the directory's order.
    let records: [Record]
    private let bytes: Bytes
    /// Whether records that are not deflated must match their checksum.
    ///
    /// PyTorch may be told to write none, and never looks.
    var verifiesStored = true
    private let positions: [String: Int]

    static func recognises(_ bytes: Bytes) -> Bool { bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) }

    /// Reads the directory at the archive's end.
    init(_ bytes: Bytes) throws(FormatError) {
        let directory = try Self.findDirectory(bytes)
        var records: [Record] = []
        var positions: [String: Int] = [:]
        var cursor = directory.offset
        for _ in 0..<directory.count {
            let (record, next) = try Self.record(bytes, at: cursor)
            guard positions.updateValue(records.count, forKey: record.name) == nil else {
                throw .malformed(format: Self.format, offset: cursor, reason: "\(record.name) stands twice")
            }
            records.append(record)
            cursor = next
        }
        try Self.requireApart(records, before: directory.offset)
        self.bytes = bytes
        self.records = records
        self.positions = positions
    }

    /// Throws where two records share bytes: one small record could then be unpacked under any number of names.
    private static func requireApart(_ records: [Record], before directory: Int) throws(FormatError) {
        let ordered = records.sorted { $0.headerOffset < $1.headerOffset }
        for (place, record) in ordered.enumerated() {
            let next = place + 1 < ordered.count ? ordered[place + 1].headerOffset : directory
            guard record.headerOffset <= next, record.leastLength <= next - record.headerOffset else {
                throw fault("\(record.name) overlaps what follows it", at: record.headerOffset)
            }
        }
    }

    subscript(name: String) -> Record? { positions[name].map { records[$0] } }

    /// The record, unpacked; a slice of the archive itself where it was stored.
    func bytes(of record: Record) throws(FormatError) -> Bytes {
        let packed = try packedBytes(of: record)
        guard record.isDeflated else {
            if verifiesStored { try verify(packed, record) }
            return packed
        }
        let unpacked = try inflate(packed, count: record.size, record, isWhole: true)
        try verify(unpacked, record)
        return unpacked
    }

    /// The first bytes of the record, `count` of them where it has so many; its checksum is not looked at.
    func prefix(of record: Record, count: Int) throws(FormatError) -> Bytes {
        let packed = try packedBytes(of: record)
        let count = min(count, record.size)
        guard record.isDeflated else { return packed.slice(at: 0, count: count) ?? packed }
        return try inflate(packed, count: count, record, isWhole: false)
    }

    // MARK: Directory

    private static let directoryEndLength = 22
    private static let recordLength = 46

    private static func fault(_ reason: String, at offset: Int? = nil) -> FormatError {
        .malformed(format: format, offset: offset, reason: reason)
    }

    private static func findDirectory(_ bytes: Bytes) throws(FormatError) -> (offset: Int, count: Int) {
        // A comment of up to 65,535 bytes may follow the end record.
        var end = bytes.count - directoryEndLength
        let lowest = max(0, end - 65_535)
        while end >= lowest, !bytes.starts(with: [0x50, 0x4b, 0x05, 0x06], at: end) { end -= 1 }
        guard end >= lowest, let shortCount: UInt16 = bytes.integer(at: end + 10),
            let shortOffset: UInt32 = bytes.integer(at: end + 16)
        else { throw fault("the archive is cut short: it has no directory at its end") }

        var count = UInt64(shortCount)
        var offset = UInt64(shortOffset)
        if bytes.starts(with: [0x50, 0x4b, 0x06, 0x07], at: end - 20) {
            guard let at: UInt64 = bytes.integer(at: end - 12), let at = Int(exactly: at),
                bytes.starts(with: [0x50, 0x4b, 0x06, 0x06], at: at), at <= bytes.count - 56,
                let longCount: UInt64 = bytes.integer(at: at + 32),
                let longOffset: UInt64 = bytes.integer(at: at + 48)
            else { throw fault("the zip64 directory is not where it should be", at: end - 20) }
            count = longCount
            offset = longOffset
        }
        guard offset <= UInt64(end), count <= (UInt64(end) - offset) / UInt64(recordLength) else {
            throw fault("a directory of \(count) records at \(offset) does not fit the archive", at: end)
        }
        return (Int(offset), Int(count))
    }

    private static func record(_ bytes: Bytes, at offset: Int) throws(FormatError) -> (Record, next: Int) {
        guard bytes.starts(with: [0x50, 0x4b, 0x01, 0x02], at: offset),
            let flags: UInt16 = bytes.integer(at: offset + 8),
            let method: UInt16 = bytes.integer(at: offset + 10),
            let checksum: UInt32 = bytes.integer(at: offset + 16),
            let packedSize: UInt32 = bytes.integer(at: offset + 20),
            let size: UInt32 = bytes.integer(at: offset + 24),
            let nameLength: UInt16 = bytes.integer(at: offset + 28),
            let extraLength: UInt16 = bytes.integer(at: offset + 30),
            let commentLength: UInt16 = bytes.integer(at: offset + 32),
            let headerOffset: UInt32 = bytes.integer(at: offset + 42),
            let nameBytes = bytes.slice(at: offset + recordLength, count: Int(nameLength)),
            let extra = bytes.slice(at: offset + recordLength + Int(nameLength), count: Int(extraLength))
        else { throw fault("the directory is cut short", at: offset) }
        // Old archives name files in code page 437; only ASCII matters here.
        let name = nameBytes.text ?? String(decoding: nameBytes.array, as: UTF8.self)
        guard flags & 1 == 0 else {
            throw .unsupported(format: format, reason: "\(name) is encrypted")
        }
        guard method == 0 || method == 8 else {
            throw .unsupported(
                format: format,
                reason: "\(name) is packed by method \(method); stored (0) and deflated (8) are read")
        }

        var long = LongFields(extra)
        let fields = (
            size: try long.widen(size, name), packedSize: try long.widen(packedSize, name),
            headerOffset: try long.widen(headerOffset, name)
        )
        guard method == 8 || fields.size == fields.packedSize else {
            throw fault("\(name) is stored, yet its two sizes differ", at: offset)
        }
        // Deflate packs at most 1032 to 1, so a larger claim is a lie.
        guard fields.size / 1032 <= fields.packedSize else {
            throw fault("\(name) claims \(fields.size) bytes from \(fields.packedSize)", at: offset)
        }
        // Weights pack 2 to 1 at best, zeros 1000 to 1: what is both that large and that empty is no weights.
        guard fields.size <= largestBlank || fields.size / 64 <= fields.packedSize else {
            throw .unsupported(
                format: format,
                reason: "\(name) unpacks from \(fields.packedSize) bytes to \(fields.size), as a bomb does")
        }
        let (least, overflow) = fields.packedSize.addingReportingOverflow(30 + Int(nameLength))
        guard !overflow else { throw fault("\(name) claims \(fields.packedSize) bytes", at: offset) }
        let record = Record(
            name: name, size: fields.size, packedSize: fields.packedSize, isDeflated: method == 8,
            checksum: checksum, headerOffset: fields.headerOffset, leastLength: least)
        let next = offset + recordLength + Int(nameLength) + Int(extraLength) + Int(commentLength)
        return (record, next)
    }

    /// The zip64 extra field: 8 bytes for every field of the record that is all ones, in the record's order.
    private struct LongFields {
        private var values = Bytes([])
        private var position = 0

        init(_ extra: Bytes) {
            var at = 0
            while let kind: UInt16 = extra.integer(at: at), let length: UInt16 = extra.integer(at: at + 2) {
                if kind == 1, let field = extra.slice(at: at + 4, count: Int(length)) { values = field }
                at += 4 + Int(length)
            }
        }

        mutating func widen(_ short: UInt32, _ name: String) throws(FormatError) -> Int {
            guard short == .max else { return Int(short) }
            guard let long: UInt64 = values.integer(at: position), let value = Int(exactly: long) else {
                throw ZipArchive.fault("\(name) lacks its zip64 sizes")
            }
            position += 8
            return value
        }
    }

    // MARK: Records

    private func packedBytes(of record: Record) throws(FormatError) -> Bytes {
        let at = record.headerOffset
        // The lengths in this header may differ from the directory's: writers pad here to align the data.
        guard bytes.starts(with: [0x50, 0x4b, 0x03, 0x04], at: at),
            let nameLength: UInt16 = bytes.integer(at: at + 26),
            let extraLength: UInt16 = bytes.integer(at: at + 28)
        else { throw Self.fault("\(record.name) is not where the directory says", at: at) }
        let start = at + 30 + Int(nameLength) + Int(extraLength)
        guard let packed = bytes.slice(at: start, count: record.packedSize) else {
            throw .truncated(
                format: Self.format, what: record.name, needed: record.packedSize,
                found: max(0, bytes.count - start))
        }
        return packed
    }

    private func verify(_ unpacked: Bytes, _ record: Record) throws(FormatError) {
        let checksum = unpacked.withUnsafeBytes { crc32_z(0, $0.baseAddress, $0.count) }
        guard UInt32(truncatingIfNeeded: checksum) == record.checksum else {
            throw Self.fault("\(record.name) does not match its checksum: the file is damaged")
        }
    }

    /// The first `count` bytes of a raw deflate stream, which must end there where `isWhole`.
    private func inflate(
        _ packed: Bytes, count: Int, _ record: Record, isWhole: Bool
    ) throws(FormatError) -> Bytes {
        // What one machine cannot hold is refused before it is asked for.
        let memory = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
            by: sysconf(Int32(_SC_PAGESIZE)))
        guard memory.overflow || count <= memory.partialValue else {
            throw .unsupported(
                format: Self.format,
                reason: "\(record.name) unpacks to \(count) bytes, more than this machine's memory")
        }
        let fault = Self.fault("\(record.name) does not unpack to the \(record.size) bytes it claims")
        return try Bytes(count: count) { target throws(FormatError) in
            var stream = z_stream()
            // −15: the largest window, and no zlib header around the stream.
            guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
                throw fault
            }
            defer { inflateEnd(&stream) }
            let status = packed.withUnsafeBytes { source in
                Self.run(&stream, from: source, into: target)
            }
            guard status.filled == count, !isWhole || status.ended else { throw fault }
        }
    }

    /// Unpacks until the target is full or the stream ends; zlib counts in 32 bits, so by pieces.
    private static func run(
        _ stream: inout z_stream, from source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) -> (filled: Int, ended: Bool) {
        let piece = 1 << 30
        var taken = 0
        var filled = 0
        // A full target still leaves the stream's end mark to be read: one byte of room shows what is more.
        var spare: UInt8 = 0
        while true {
            let input = min(piece, source.count - taken)
            let room = min(piece, target.count - filled)
            stream.next_in = UnsafeMutablePointer(
                mutating: source.baseAddress?.advanced(by: taken).assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(input)
            let status: Int32
            let wrote: Int
            if room > 0 {
                stream.next_out = target.baseAddress?.advanced(by: filled).assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(room)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                wrote = room - Int(stream.avail_out)
                filled += wrote
            } else {
                (status, wrote) = withUnsafeMutablePointer(to: &spare) { spare in
                    stream.next_out = spare
                    stream.avail_out = 1
                    let status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    return (status, 1 - Int(stream.avail_out))
                }
                if wrote > 0 { return (filled, false) }
            }
            let read = input - Int(stream.avail_in)
            taken += read
            if status == Z_STREAM_END { return (filled, true) }
            guard status == Z_OK, read > 0 || wrote > 0 else { return (filled, false) }
        }
    }
}
