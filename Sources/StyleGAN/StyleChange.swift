/// One style channel of a layer put to another value.
public struct StyleChange: Hashable, Sendable {
    /// The channel's place within its layer.
    public let channel: Int
    /// The style that takes the place of the kept picture's.
    public let value: Float

    public init(channel: Int, value: Float) {
        self.channel = channel
        self.value = value
    }
}
