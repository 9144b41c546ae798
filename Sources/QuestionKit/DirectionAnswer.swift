import DatabaseReading
import Directions

/// A database's answer to a phrase.
public struct DirectionAnswer: Sendable {
    public let database: RelevanceDatabase
    public let phrase: String
    public let neutral: String
    public let text: TextDirection
    public let direction: Direction
    /// How long the way from the phrases to ∆t took: finding their embeddings in the database, or encoding them.
    public let textTime: Duration
    /// How long relevance and threshold took.
    public let lookupTime: Duration

    /// The largest |R| of any channel.
    public var largestRelevance: Float { direction.relevance.reduce(0) { max($0, abs($1)) } }

    /// Asks a database; embeddings come out of it where they were asked for before, otherwise from CLIP.
    /// - Throws: errors of the options and of the rooms below, each with an exit status.
    public init(_ options: PhraseOptions, clip: CLIPOptions, of database: RelevanceDatabase) throws {
        self.database = database
        phrase = options.phrase
        neutral = options.neutral ?? database.manifest.neutral
        let clock = ContinuousClock()
        let start = clock.now
        let embeddings = try PhraseEmbeddings(database, clip: clip, templates: options.templates)
        let found = try embeddings.of([phrase, neutral])
        text = try TextDirection(target: found[0], neutral: found[1])
        let middle = clock.now
        direction = try database.direction(for: text, threshold: options.beta)
        textTime = middle - start
        lookupTime = clock.now - middle
    }
}
