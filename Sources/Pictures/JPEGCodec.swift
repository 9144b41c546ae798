import CJPEG

/// JPEG through TurboJPEG, which returns its errors: none of them jumps over Swift's frames.
enum JPEGCodec {
    /// High enough that the eye sees no difference.
    private static let quality: Int32 = 95
    /// The library's JPEG_MAX_DIMENSION; the format's own limit is 65,535.
    private static let largestSide = 65_500

    static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: [0xff, 0xd8, 0xff])
    }

    /// Decodes to RGB. A file that ends early is refused, not filled with grey; other small faults are passed over as
    /// viewers do.
    static func decode(_ bytes: UnsafeRawBufferPointer, path: String) throws(PictureError) -> Picture {
        guard let decoder = tjInitDecompress() else {
            throw .damaged(path: path, format: "JPEG", reason: reason(nil))
        }
        defer { tjDestroy(decoder) }
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        var (width, height, sampling, space) = (Int32(0), Int32(0), Int32(0), Int32(0))
        guard
            tjDecompressHeader3(decoder, start, UInt(bytes.count), &width, &height, &sampling, &space) == 0
        else { throw .damaged(path: path, format: "JPEG", reason: reason(decoder)) }
        guard space != TJCS_CMYK.rawValue, space != TJCS_YCCK.rawValue else {
            throw .unsupported(path: path, reason: "a JPEG in CMYK; save it as RGB")
        }
        try Picture.requireSize(width: Int(width), height: Int(height))
        let size = Int(width) * Int(height) * 3
        var isWhole = false
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            // A progressive file of many scans can take hours; this many are enough for honest ones.
            let status = tjDecompress2(
                decoder, start, UInt(bytes.count), buffer.baseAddress, width, 0, height,
                Int32(TJPF_RGB.rawValue), TJFLAG_LIMITSCANS)
            isWhole = status == 0 || isWholeInSpiteOfWarning(decoder, bytes)
            count = isWhole ? size : 0
        }
        guard isWhole else { throw .damaged(path: path, format: "JPEG", reason: reason(decoder)) }
        return try Picture(width: Int(width), height: Int(height), pixels: pixels)
    }

    /// Whether every pixel was decoded although something was odd. Of several warnings the library tells the first, so the
    /// end mark has to be there besides.
    private static func isWholeInSpiteOfWarning(_ decoder: tjhandle, _ bytes: UnsafeRawBufferPointer) -> Bool
    {
        tjGetErrorCode(decoder) == Int32(TJERR_WARNING.rawValue)
            && !reason(decoder).lowercased().contains("premature end")
            && bytes.suffix(2).elementsEqual([0xff, 0xd9])
    }

    static func encode(_ picture: Picture, path: String) throws(PictureError) -> [UInt8] {
        guard max(picture.width, picture.height) <= largestSide else {
            throw .uncreatable(path: path, reason: "JPEG takes at most 65,500 pixels a side; PNG takes more")
        }
        guard let encoder = tjInitCompress() else { throw .uncreatable(path: path, reason: reason(nil)) }
        defer { tjDestroy(encoder) }
        var bytes: UnsafeMutablePointer<UInt8>?
        var size: UInt = 0
        // TurboJPEG allocates what it needs at `bytes`; it is freed here whether the call came to its end or not.
        defer { tjFree(bytes) }
        let status = tjCompress2(
            encoder, picture.pixels, Int32(picture.width), 0, Int32(picture.height), Int32(TJPF_RGB.rawValue),
            &bytes, &size, Int32(TJSAMP_444.rawValue), quality, 0)
        guard status == 0, let bytes else {
            throw .uncreatable(path: path, reason: "JPEG: \(reason(encoder))")
        }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(size)))
    }

    /// What the library says went wrong.
    private static func reason(_ handle: tjhandle?) -> String {
        tjGetErrorStr2(handle).map { String(cString: $0) } ?? "TurboJPEG does not say why"
    }
}
