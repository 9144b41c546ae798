import CPNG

/// PNG through libpng's simplified interface, which returns its errors: none of them jumps over Swift's frames.
enum PNGCodec {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: signature) }

    /// Decodes to RGB of 8 bits; what is transparent is laid on black, in linear light.
    static func decode(_ bytes: UnsafeRawBufferPointer, path: String) throws(PictureError) -> Picture {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        // Every call that fails frees what the image owns; so does this one, where none was made to the end.
        defer { png_image_free(&image) }
        guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
            throw .damaged(path: path, format: "PNG", reason: reason(image))
        }
        let (width, height) = (Int(image.width), Int(image.height))
        try Picture.requireSize(width: width, height: height)
        image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
        // 16 bits without a word about their gamma are sRGB, as every viewer has it, not linear.
        image.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
        var background = png_color()
        var isWhole = false
        let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            isWhole = png_image_finish_read(&image, &background, buffer.baseAddress, 0, nil) != 0
            count = isWhole ? width * height * 3 : 0
        }
        guard isWhole else { throw .damaged(path: path, format: "PNG", reason: reason(image)) }
        return try Picture(width: width, height: height, pixels: pixels)
    }

    static func encode(_ picture: Picture, path: String) throws(PictureError) -> [UInt8] {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(picture.width)
        image.height = png_uint_32(picture.height)
        image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
        defer { png_image_free(&image) }
        // zlib's bound for rows with a filter byte each, and room for the chunks' frames.
        let raw = (3 * picture.width + 1) * picture.height
        var size = raw + raw / 500 + 4096
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            isWhole =
                png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, picture.pixels, 0, nil) != 0
            count = isWhole ? size : 0
        }
        guard isWhole else { throw .uncreatable(path: path, reason: "PNG: \(reason(image))") }
        return bytes
    }

    /// What libpng says went wrong.
    private static func reason(_ image: png_image) -> String {
        let reason = withUnsafeBytes(of: image.message) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return reason.isEmpty ? "libpng does not say why" : reason
    }
}
