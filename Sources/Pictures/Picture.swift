import Tensors

/// A picture of bytes: RGB, row by row from the top left.
public struct Picture: Hashable, Sendable {
    /// The most pixels that a picture can have; a file that claims more is refused before memory is taken for it.
    public static let largestCount = 1 << 28

    public let width: Int
    public let height: Int
    /// Red, green, blue of every pixel: `[height, width, 3]`.
    public internal(set) var pixels: [UInt8]

    /// A picture of one colour.
    /// - Throws: `PictureError.size` where it has no pixel, or more than `largestCount`.
    public init(width: Int, height: Int, colour: Colour = .black) throws(PictureError) {
        try Self.requireSize(width: width, height: height)
        self.width = width
        self.height = height
        pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
            for pixel in 0..<width * height {
                buffer[3 * pixel] = colour.red
                buffer[3 * pixel + 1] = colour.green
                buffer[3 * pixel + 2] = colour.blue
            }
            count = width * height * 3
        }
    }

    /// A picture of these pixels: `[height, width, 3]`.
    /// - Throws: `PictureError.size`, `PictureError.count` where the bytes do not fill the picture.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(PictureError) {
        try Self.requireSize(width: width, height: height)
        guard pixels.count == width * height * 3 else {
            throw .count(found: pixels.count, expected: width * height * 3)
        }
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    static func requireSize(width: Int, height: Int) throws(PictureError) {
        guard width > 0, height > 0, width <= largestCount, height <= largestCount,
            width * height <= largestCount
        else { throw .size(width: width, height: height) }
    }

    /// The pixel in a column and a row.
    public subscript(x: Int, y: Int) -> Colour {
        get {
            let start = offset(x, y)
            return Colour(red: pixels[start], green: pixels[start + 1], blue: pixels[start + 2])
        }
        set {
            let start = offset(x, y)
            pixels[start] = newValue.red
            pixels[start + 1] = newValue.green
            pixels[start + 2] = newValue.blue
        }
    }

    private func offset(_ x: Int, _ y: Int) -> Int {
        precondition(
            (0..<width).contains(x) && (0..<height).contains(y), "(\(x), \(y)) is outside the picture")
        return 3 * (y * width + x)
    }
}
