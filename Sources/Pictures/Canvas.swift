/// A picture to draw on; what falls outside of it is cut off.
public struct Canvas: Sendable {
    public private(set) var picture: Picture

    /// - Throws: `PictureError.size` where there is no such picture.
    public init(width: Int, height: Int, colour: Colour = .white) throws(PictureError) {
        picture = try Picture(width: width, height: height, colour: colour)
    }

    /// Fills a rectangle, its left and top edge first.
    public mutating func fill(x: Int, y: Int, width: Int, height: Int, with colour: Colour) {
        let columns = visible(x, width, of: picture.width)
        for row in visible(y, height, of: picture.height) {
            for column in columns { picture[column, row] = colour }
        }
    }

    /// Lays a picture on the canvas.
    public mutating func draw(_ other: Picture, x: Int, y: Int) {
        let columns = visible(x, other.width, of: picture.width)
        guard !columns.isEmpty else { return }
        for row in visible(y, other.height, of: picture.height) {
            let source = 3 * ((row - y) * other.width + columns.lowerBound - x)
            let target = 3 * (row * picture.width + columns.lowerBound)
            picture.pixels.replaceSubrange(
                target..<target + 3 * columns.count, with: other.pixels[source..<source + 3 * columns.count])
        }
    }

    /// Writes a line of text from its top left corner; every dot of a letter is `scale` pixels wide.
    public mutating func write(_ text: String, x: Int, y: Int, scale: Int = 1, colour: Colour = .black) {
        for (place, character) in text.enumerated() {
            let left = x + place * (BitmapFont.width + 1) * scale
            for (row, dots) in BitmapFont.glyph(character).enumerated() {
                for (column, isInk) in dots.enumerated() where isInk {
                    fill(
                        x: left + column * scale, y: y + row * scale, width: scale, height: scale,
                        with: colour)
                }
            }
        }
    }

    /// The width of a line of text in pixels.
    public static func width(of text: String, scale: Int = 1) -> Int {
        max(0, text.count * (BitmapFont.width + 1) - 1) * scale
    }

    /// The height of a line of text in pixels.
    public static func textHeight(scale: Int = 1) -> Int { BitmapFont.height * scale }

    /// The part of `start ..< start + count` that is within `0 ..< limit`.
    private func visible(_ start: Int, _ count: Int, of limit: Int) -> Range<Int> {
        let (end, overflow) = start.addingReportingOverflow(max(0, count))
        let first = min(max(0, start), limit)
        return first..<max(first, overflow ? limit : min(end, limit))
    }
}
