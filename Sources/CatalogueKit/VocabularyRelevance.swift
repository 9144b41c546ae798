import DatabaseReading
import Directions
import QuestionKit

/// The text directions of all embedded phrases of a database: what its channels are described by.
public struct VocabularyRelevance {
    /// A phrase with its direction.
    public struct Phrase: Sendable {
        public let phrase: String
        public let neutral: String
        public let text: TextDirection
    }

    public let phrases: [Phrase]

    /// - Parameter names: Which lists; all where none is given.
    /// - Throws: `OptionError` where no vocabulary was embedded.
    public init(_ database: RelevanceDatabase, lists names: [String] = []) throws {
        var phrases: [Phrase] = []
        for list in try VocabularyQuestion.lists(of: database, named: names) {
            guard let neutral = try database.embedding(TextKey(phrase: list.neutral, ensemble: list.ensemble))
            else { continue }
            for word in list.words {
                let key = TextKey(phrase: word, ensemble: list.ensemble)
                // A word that is the neutral phrase by another name has no direction.
                guard let target = try database.embedding(key),
                    let text = try? TextDirection(target: target, neutral: neutral)
                else { continue }
                phrases.append(Phrase(phrase: word, neutral: list.neutral, text: text))
            }
        }
        self.phrases = phrases
    }

    /// R of one channel for every phrase.
    public func relevance(ofRow row: [Float]) -> [Float] {
        phrases.map { phrase in zip(row, phrase.text.values).reduce(0) { $0 + $1.0 * $1.1 } }
    }
}
