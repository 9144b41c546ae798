import CZlib
import Checkpoints

/// Files compressed with gzip, expanded in memory.
enum Gzip {
    /// OpenAI's merges take 3.2 MB; what expands beyond this is no file of merges.
    static let largest = 64 << 20

    /// Whether the file begins as gzip's do (RFC 1952).
    static func isCompressed(_ file: MappedFile) -> Bool {
        file.withUnsafeBytes { $0.starts(with: [0x1f, 0x8b]) }
    }

    /// - Parameter goesOn: whether more is wanted behind a part; what is left is not read, and its check sum not compared.
    /// - Throws: `TokenizerError.compression` where the file is damaged, cut short or expands beyond 64 MiB.
    static func expand(
        _ file: MappedFile, while goesOn: (ArraySlice<UInt8>) -> Bool = { _ in true }
    ) throws(TokenizerError) -> [UInt8] {
        var stream = z_stream()
        // 16 more than the largest window: a gzip header is expected, and its check sum compared.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .compression(path: file.path, reason: "zlib would not start")
        }
        defer { inflateEnd(&stream) }
        return try file.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(TokenizerError) -> [UInt8] in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress,
                let count = UInt32(exactly: bytes.count)
            else { throw .compression(path: file.path, reason: "the file is too large") }
            // zlib reads through this pointer and never writes.
            stream.next_in = UnsafeMutablePointer(mutating: start)
            stream.avail_in = count
            var expanded: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            var status = Z_OK
            while status == Z_OK {
                let free = buffer.withUnsafeMutableBufferPointer { buffer in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(buffer.count)
                    status = inflate(&stream, Z_NO_FLUSH)
                    return Int(stream.avail_out)
                }
                let part = buffer.prefix(buffer.count - free)
                expanded += part
                if !goesOn(part) { return expanded }
                guard expanded.count <= largest else {
                    throw .compression(path: file.path, reason: "it expands beyond \(largest >> 20) MiB")
                }
            }
            guard status == Z_STREAM_END else {
                let reason =
                    status == Z_BUF_ERROR ? "the file is cut short" : stream.msg.map { String(cString: $0) }
                throw .compression(path: file.path, reason: reason ?? "status \(status)")
            }
            return expanded
        }
    }
}
