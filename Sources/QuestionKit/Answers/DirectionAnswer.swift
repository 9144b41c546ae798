import DatabaseReading
import Directions

/// A database's answer to a phrase.
public struct DirectionAnswer: Sendable {
    public let database: RelevanceDatabase
    public let recipe: DirectionRecipe
    public let text: TextDirection
    public let direction: Direction
    /// The confidence with which the kept channels' |R| is above β, where one was asked for.
    public let confidence: Double?
    /// How β and α were found, where they were looked for.
    public let tuning: Tuning?
    /// How long the way from the phrases to ∆t took: finding their embeddings in the database, or encoding them.
    public let textTime: Duration
    /// How long relevance and threshold took.
    public let lookupTime: Duration

    public var phrase: String { recipe.phrase }
    public var neutral: String { recipe.neutral }

    /// The largest |R| of any channel.
    public var largestRelevance: Float { direction.relevance.reduce(0) { max($0, abs($1)) } }

    /// Asks a database; embeddings come out of it where they were asked for before, otherwise from CLIP.
    ///
    /// - Parameters:
    ///   - generator: Where faces are drawn, the generator that is named; nil for the one that the database knows.
    ///   - tunesStrength: Whether α is looked for, by drawing faces; β is where the options say so.
    /// - Throws: errors of the options and of the rooms below, each with an exit status.
    public init(
        _ phrase: String, _ options: DirectionOptions, generator: GeneratorOptions? = nil,
        clip: CLIPOptions, of database: RelevanceDatabase, tunesStrength: Bool = false
    ) throws {
        let embeddings = try PhraseEmbeddings(database, clip: clip, templates: options.templates)
        let recipe = options.recipe(phrase: phrase, neutral: database.manifest.neutral)
        if let choice = options.choice, !tunesStrength {
            try self.init(recipe, choice, embeddings, of: database)
            return
        }
        let tuning = try Tuning(recipe, options, generator: generator, clip: clip, of: database)
        let choice = options.choice ?? ChannelChoice(.threshold(tuning.beta), confidence: options.confident)
        try self.init(recipe, choice, embeddings, of: database, tuning: tuning)
    }

    /// As above.
    public init(_ options: PhraseOptions, clip: CLIPOptions, of database: RelevanceDatabase) throws {
        try self.init(options.phrase, options.direction, clip: clip, of: database)
    }

    /// Asks a database for a recipe's direction.
    public init(
        _ recipe: DirectionRecipe, _ choice: ChannelChoice, _ embeddings: PhraseEmbeddings,
        of database: RelevanceDatabase, tuning: Tuning? = nil
    ) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let text = try recipe.textDirection(embeddings.of(recipe.phrases))
        let middle = clock.now
        let direction = try database.direction(for: text, choice)
        self.init(
            database: database, recipe: recipe, text: text, direction: direction,
            confidence: choice.confidence,
            tuning: tuning, textTime: middle - start, lookupTime: clock.now - middle)
    }

    /// Puts together what was found out elsewhere.
    init(
        database: RelevanceDatabase, recipe: DirectionRecipe, text: TextDirection, direction: Direction,
        confidence: Double?, tuning: Tuning? = nil, textTime: Duration = .zero, lookupTime: Duration = .zero
    ) {
        self.database = database
        self.recipe = recipe
        self.text = text
        self.direction = direction
        self.confidence = confidence
        self.tuning = tuning
        self.textTime = textTime
        self.lookupTime = lookupTime
    }

    /// The standard error of R of the `count` strongest kept channels; nil where the database does not tell.
    func standardErrors(ofStrongest count: Int) throws -> [Float]? {
        guard database.hasStandardErrors else { return nil }
        return try database.standardErrors(along: text, of: Array(direction.kept.prefix(count)))
    }
}
