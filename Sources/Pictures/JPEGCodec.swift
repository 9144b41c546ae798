import CJPEG

/// JPEG through TurboJPEG, which returns its errors: none of them jumps over Swift's frames.
enum JPEGCodec {
    /// High enough that the eye sees no difference.
    private static let quality: Int32 = 95

    static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: [0xff, 0xd8, 0xff])
    }

    /// Decodes to RGB; a file that ends early is refused, not filled with grey.
    static func decode(_ bytes: UnsafeRawBufferPointer, path: String) throws(PictureError) -> Picture {
        guard let decoder = tjInitDecompress() else { throw damaged(nil, path) }
        defer { tjDestroy(decoder) }
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        var (width, height, sampling, space) = (Int32(0), Int32(0), Int32(0), Int32(0))
        guard
            tjDecompressHeader3(decoder, start, UInt(bytes.count), &width, &height, &sampling, &space) == 0
        else { throw damaged(decoder, path) }
        try Picture.requireSize(width: Int(width), height: Int(height))
        let size = Int(width) * Int(height) * 3
        var isWhole = false
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            // A progressive file of many scans can take hours; this many are enough for honest ones.
            let flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
            isWhole =
                tjDecompress2(
                    decoder, start, UInt(bytes.count), buffer.baseAddress, width, 0, height,
                    Int32(TJPF_RGB.rawValue), flags) == 0
            count = isWhole ? size : 0
        }
        guard isWhole else { throw damaged(decoder, path) }
        return try Picture(width: Int(width), height: Int(height), pixels: pixels)
    }

    static func encode(_ picture: Picture, path: String) throws(PictureError) -> [UInt8] {
        guard picture.width <= 65_535, picture.height <= 65_535 else {
            throw .damaged(
                path: path, format: "JPEG", reason: "a side has more than 65535 pixels; PNG can have them")
        }
        guard let encoder = tjInitCompress() else { throw damaged(nil, path) }
        defer { tjDestroy(encoder) }
        var bytes: UnsafeMutablePointer<UInt8>?
        var size: UInt = 0
        // TurboJPEG allocates what it needs at `bytes`; it is freed here whether the call came to its end or not.
        defer { tjFree(bytes) }
        let status = tjCompress2(
            encoder, picture.pixels, Int32(picture.width), 0, Int32(picture.height), Int32(TJPF_RGB.rawValue),
            &bytes, &size, Int32(TJSAMP_444.rawValue), quality, 0)
        guard status == 0, let bytes else { throw damaged(encoder, path) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(size)))
    }

    private static func damaged(_ handle: tjhandle?, _ path: String) -> PictureError {
        let reason = tjGetErrorStr2(handle).map { String(cString: $0) }
        return .damaged(path: path, format: "JPEG", reason: reason ?? "it cannot be read")
    }
}
