/// Which channels of all a direction keeps.
public struct ChannelChoice: Hashable, Sendable {
    /// How many are kept.
    public enum Size: Hashable, Sendable {
        /// Those with |R| of at least β.
        case threshold(Float)
        /// The most relevant ones; β is then the smallest |R| among them.
        case count(Int)
    }

    public var size: Size
    /// The confidence with which |R| is to be above β, between 0.5 and 1; nil keeps the doubtful ones too.
    public var confidence: Double?

    public init(_ size: Size, confidence: Double? = nil) {
        self.size = size
        self.confidence = confidence
    }

    /// β for the relevance of channels.
    /// - Throws: `RelevanceError.count` where fewer channels than were asked for have any relevance.
    public func threshold(for relevance: [Float]) throws(RelevanceError) -> Float {
        switch size {
        case .threshold(let threshold): return threshold
        case .count(let count):
            guard let threshold = Direction.threshold(keeping: count, of: relevance) else {
                throw .count(
                    what: "channels with any relevance", found: relevance.count { $0 != 0 }, expected: count)
            }
            return threshold
        }
    }
}
