import Checkpoints

extension Picture {
    /// Reads a PNG or JPEG; which of them is told from the content.
    /// - Throws: `PictureError` that names the file.
    public static func read(path: String) throws(PictureError) -> Picture {
        let file: MappedFile
        do throws(CheckpointError) {
            file = try MappedFile(path: path)
        } catch {
            throw PictureError(error, path: path)
        }
        return try file.withUnsafeBytes { bytes throws(PictureError) in
            if PNGCodec.recognises(bytes) { return try PNGCodec.decode(bytes, path: path) }
            if JPEGCodec.recognises(bytes) { return try JPEGCodec.decode(bytes, path: path) }
            throw .unrecognised(path: path)
        }
    }

    /// Writes the picture in the format of the name's ending, `.png`, `.jpg` or `.jpeg`: whole, or not at all.
    /// - Throws: `PictureError` that names the file.
    public func write(path: String) throws(PictureError) {
        let name = path.lowercased()
        let bytes: [UInt8]
        if name.hasSuffix(".png") {
            bytes = try PNGCodec.encode(self, path: path)
        } else if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") {
            bytes = try JPEGCodec.encode(self, path: path)
        } else {
            throw .unrecognised(path: path)
        }
        do throws(CheckpointError) {
            try WholeFile.write(path: path, contents: bytes)
        } catch {
            throw PictureError(error, path: path)
        }
    }
}
