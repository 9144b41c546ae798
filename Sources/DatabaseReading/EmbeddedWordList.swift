/// A word list whose phrases a database holds the embeddings of.
public struct EmbeddedWordList: Hashable, Sendable, Codable {
    public let name: String
    /// What the phrases are compared with.
    public let neutral: String
    public let words: [String]
    /// What tells the set of prompt templates from another.
    public let ensemble: String

    public init(name: String, neutral: String, words: [String], ensemble: String) {
        self.name = name
        self.neutral = neutral
        self.words = words
        self.ensemble = ensemble
    }
}
