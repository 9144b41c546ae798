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
    /// - Throws: `OptionError` where no vocabulary was embedded, or a phrase's embedding is not there any more.
    public init(_ database: RelevanceDatabase, lists names: [String] = []) throws {
        var phrases: [Phrase] = []
        for list in try VocabularyQuestion.lists(of: database, named: names) {
            func embedding(_ phrase: String) throws -> [Float] {
                let key = TextKey(phrase: phrase, ensemble: list.ensemble)
                guard let values = try database.embedding(key) else {
                    throw OptionError(
                        "\(database.path) has no embedding of '\(phrase)' of the list '\(list.name)' any more; "
                            + "build-vocabulary embeds it again", exitStatus: .noInput)
                }
                return values
            }
            let neutral = try embedding(list.neutral)
            for word in list.words {
                let target = try embedding(word)
                // A word that is the neutral phrase by another name has no direction.
                guard let text = try? TextDirection(target: target, neutral: neutral) else { continue }
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
