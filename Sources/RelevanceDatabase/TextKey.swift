import DirectionStore

/// Under what a text direction ∆t is kept: the phrases and the prompt ensemble that it was made from.
public struct TextKey: Hashable, Sendable {
    public let phrase: String
    public let neutral: String
    /// What tells one set of prompt templates from another.
    public let ensemble: String

    public init(phrase: String, neutral: String, ensemble: String) {
        self.phrase = phrase
        self.neutral = neutral
        self.ensemble = ensemble
    }

    /// The store's key, or nil where the texts are too long to be kept.
    ///
    /// The parts' lengths stand in front, so that no two triples share a key.
    var stored: String? {
        let key = "\(phrase.utf8.count),\(neutral.utf8.count):\(phrase)|\(neutral)|\(ensemble)"
        return key.utf8.count <= Table.longestKey ? key : nil
    }
}
