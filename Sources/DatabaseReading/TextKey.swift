import DirectionStore

/// Under what a phrase's embedding is kept: the phrase, and the prompt ensemble that it was embedded with.
///
/// Which CLIP embedded it is the database's own: a database has one.
public struct TextKey: Hashable, Sendable {
    public let phrase: String
    /// What tells one set of prompt templates from another.
    public let ensemble: String

    public init(phrase: String, ensemble: String) {
        self.phrase = phrase
        self.ensemble = ensemble
    }

    /// The store's key, or nil where the phrase is too long to be kept.
    ///
    /// The phrase's length stands in front, so that no two keys are alike.
    var stored: String? {
        let key = "\(phrase.utf8.count):\(phrase)|\(ensemble)"
        return key.utf8.count <= Table.longestKey ? key : nil
    }
}
