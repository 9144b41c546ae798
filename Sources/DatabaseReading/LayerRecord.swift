/// A layer of the generator's style space, as a database remembers it.
public struct LayerRecord: Hashable, Sendable, Codable {
    public let name: String
    /// The number of style channels.
    public let channels: Int
    /// The height and width of the layer's output in pixels.
    public let resolution: Int
    /// Whether the layer is swept: the modulated 3×3 convolutions are, toRGB layers are not.
    public let isSwept: Bool

    public init(name: String, channels: Int, resolution: Int, isSwept: Bool) {
        self.name = name
        self.channels = channels
        self.resolution = resolution
        self.isSwept = isSwept
    }
}
