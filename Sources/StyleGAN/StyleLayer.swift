/// One layer of the style space: the styles that modulate one convolution's input channels.
public struct StyleLayer: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, Codable {
        /// A modulated, demodulated 3×3 convolution: swept.
        case convolution
        /// The 1×1 convolution to a picture: carried in s, never perturbed.
        case toRGB
    }

    /// NVIDIA's name within the synthesis network: "b8.conv0", "b8.torgb".
    public let name: String
    public let kind: Kind
    /// The layer's channels in the style code.
    public let range: Range<Int>
    /// The height of the layer's output in pixels.
    public let resolution: Int
    /// Which w of w+ the layer's affine reads.
    public let latentIndex: Int

    /// The number of style channels.
    public var channels: Int { range.count }
}
