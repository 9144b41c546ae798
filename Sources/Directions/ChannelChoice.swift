/// Which channels of all a direction keeps.
public struct ChannelChoice: Hashable, Sendable {
    /// How many are kept.
    public enum Size: Hashable, Sendable {
        /// Those with |R| of at least β.
        case threshold(Float)
        /// The most relevant ones; β is then the smallest |R| among them.
        case count(Int)
    }

    /// β in the method's published examples: a channel with a smaller |R| has next to nothing to do with a phrase.
    public static let defaultThreshold: Float = 0.12

    public var size: Size
    /// The confidence with which |R| is to be above β, between 0.5 and 1; nil keeps the doubtful ones too.
    public var confidence: Double?

    public init(_ size: Size, confidence: Double? = nil) {
        self.size = size
        self.confidence = confidence
    }

    /// Whether a channel with that |R| for what is to be left alone may be kept: it must not reach β there, nor the default
    /// where β is smaller, for below that nearly every channel moves nearly everything a little.
    public static func isFree(_ relevance: Float, threshold: Float) -> Bool {
        relevance < max(threshold, defaultThreshold)
    }

    /// β for the relevance of channels.
    /// - Parameter leftAlone: |R| of every channel for what is to be left alone, the largest of several; empty for nothing.
    ///   Only channels that are `isFree` are kept.
    /// - Throws: `RelevanceError.count` where fewer channels than were asked for have any relevance.
    public func threshold(
        for relevance: [Float], leavingAlone leftAlone: [Float] = []
    ) throws(RelevanceError) -> Float {
        switch size {
        case .threshold(let threshold): return threshold
        case .count(let count):
            let sizes = relevance.map { abs($0) }
            var most = 0
            for threshold in sizes.filter({ $0 > 0 }).sorted(by: >).dropFirst(max(0, count - 1)) {
                // With nothing to be left alone the first one is it.
                let kept = sizes.indices.count {
                    sizes[$0] >= threshold
                        && (leftAlone.isEmpty || Self.isFree(leftAlone[$0], threshold: threshold))
                }
                if kept >= count { return threshold }
                most = max(most, kept)
            }
            throw .count(
                what: "channels with any relevance",
                found: leftAlone.isEmpty ? relevance.count { $0 != 0 } : most, expected: count)
        }
    }
}
