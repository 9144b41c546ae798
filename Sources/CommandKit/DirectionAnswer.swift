import CLIP
import NeuralLayers
import Relevance
import RelevanceDatabase
import Vocabulary

/// A database's answer to a phrase.
public struct DirectionAnswer: Sendable {
    public let database: RelevanceDatabase
    public let phrase: String
    public let neutral: String
    public let text: TextDirection
    public let direction: Direction
    /// How long the way from the phrases to ∆t took: reading CLIP and encoding, or finding ∆t in the database.
    public let textTime: Duration
    /// How long relevance and threshold took.
    public let lookupTime: Duration

    /// The largest |R| of any channel.
    public var largestRelevance: Float { direction.relevance.reduce(0) { max($0, abs($1)) } }

    /// Asks a database; ∆t comes out of it where the same was asked before, otherwise from CLIP's text encoder.
    /// - Throws: errors of the options and of the rooms below, each with an exit status.
    public init(_ options: PhraseOptions, clip: CLIPOptions, of database: RelevanceDatabase) throws {
        self.database = database
        phrase = options.phrase
        neutral = options.neutral ?? database.manifest.neutral
        let clock = ContinuousClock()
        let start = clock.now
        text = try Self.text(phrase, neutral, options.ensemble(), clip, database)
        let middle = clock.now
        direction = try database.direction(for: text, threshold: options.beta)
        textTime = middle - start
        lookupTime = clock.now - middle
    }

    private static func text(
        _ phrase: String, _ neutral: String, _ ensemble: PromptEnsemble, _ clip: CLIPOptions,
        _ database: RelevanceDatabase
    ) throws -> TextDirection {
        let name = Self.name(of: ensemble.templates)
        let key = TextKey(phrase: phrase, neutral: neutral, ensemble: name)
        if let known = try database.text(key) {
            try clip.requireMatch(database)
            return known
        }
        let model = try clip.open(for: database)
        // A small encoder's threads would wait for one another longer than they work.
        if model.configuration.text.width <= 256 { Threads.limit(to: 1) }
        let encoder = try model.textEncoder()
        // The neutral phrase stays the same from question to question: its embedding is kept as well, under no phrase.
        let neutralKey = TextKey(phrase: "", neutral: neutral, ensemble: name)
        let from =
            try database.text(neutralKey) ?? TextDirection(ensemble.embedding(of: neutral, by: encoder))
        let text = try TextDirection(
            target: ensemble.embedding(of: phrase, by: encoder), neutral: from.values)
        // Only the next question's speed hangs on it.
        try? database.keep(from, under: neutralKey)
        try? database.keep(text, under: key)
        return text
    }

    /// Tells sets of templates apart: their number, and FNV-1a of their texts with an end mark each.
    static func name(of templates: [Template]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for template in templates {
            for byte in Array(template.text.utf8) + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return "\(templates.count)-\(String(hash, radix: 16))"
    }
}
