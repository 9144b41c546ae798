import DatabaseReading

/// A channel of the style code by its layer: what people call it.
public struct ChannelPlace: Hashable, Sendable, CustomStringConvertible {
    public let layer: String
    /// Within the layer.
    public let channel: Int

    public init(layer: String, channel: Int) {
        self.layer = layer
        self.channel = channel
    }

    public var description: String { "\(layer):\(channel)" }
}

extension Manifest {
    /// The places of channels of the style code, `[C_total]` of them, in order.
    public var places: [ChannelPlace] {
        layers.flatMap { layer in (0..<layer.channels).map { ChannelPlace(layer: layer.name, channel: $0) } }
    }

    /// The range of every layer in the style code, in order.
    public var layerRanges: [(layer: LayerRecord, range: Range<Int>)] {
        var end = 0
        return layers.map { layer in
            defer { end += layer.channels }
            return (layer, end..<end + layer.channels)
        }
    }
}
