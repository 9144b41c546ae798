/// A threshold β and the number of channels that it keeps.
public struct ThresholdSuggestion: Hashable, Sendable, CustomStringConvertible {
    public let threshold: Float
    public let channels: Int

    public var description: String { "β = \(threshold) keeps \(channels)" }
}
