/// A colour of a picture: red, green and blue, 0 to 255 each, as sRGB has them.
public struct Colour: Hashable, Sendable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// A grey of this brightness.
    public init(grey: UInt8) { self.init(red: grey, green: grey, blue: grey) }

    public static let black = Colour(grey: 0)
    public static let white = Colour(grey: 255)
}
