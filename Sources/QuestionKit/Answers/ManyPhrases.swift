import DatabaseReading
import Directions

/// Answers to many phrases: their embeddings together, their relevance as one matrix product.
public struct ManyPhrases {
    /// A phrase's answer, or why there is none.
    public typealias Outcome = (recipe: DirectionRecipe, answer: Result<DirectionAnswer, any Error>)

    private let database: RelevanceDatabase
    private let embeddings: PhraseEmbeddings
    private let choice: ChannelChoice

    public init(_ database: RelevanceDatabase, _ embeddings: PhraseEmbeddings, _ choice: ChannelChoice) {
        self.database = database
        self.embeddings = embeddings
        self.choice = choice
    }

    /// The outcomes of recipes, in their order; what is wrong with a phrase is the outcome of that phrase alone.
    /// - Throws: What concerns all of them.
    public func outcomes(of recipes: [DirectionRecipe]) throws -> [Outcome] {
        let texts = try textDirections(of: recipes)
        var relevance = try database.relevance(to: texts.compactMap { try? $0.get() })[...]
        return zip(recipes, texts).map { recipe, text in
            (
                recipe,
                text.flatMap { text in
                    let relevance = relevance.removeFirst()
                    return Result {
                        DirectionAnswer(
                            database: database, recipe: recipe, text: text,
                            direction: try database.direction(for: text, choice, relevance: relevance),
                            confidence: choice.confidence)
                    }
                }
            )
        }
    }

    private func textDirections(of recipes: [DirectionRecipe]) throws -> [Result<TextDirection, any Error>] {
        do {
            var found = try embeddings.of(recipes.flatMap(\.phrases))[...]
            return recipes.map { recipe in
                let own = Array(found.prefix(recipe.phrases.count))
                found = found.dropFirst(recipe.phrases.count)
                return Result { try recipe.textDirection(own) }
            }
        } catch let error as CompanionError where error.exitStatus == .badData && recipes.count > 1 {
            // One of them cannot be embedded: which one shows when they are asked one at a time.
            return try recipes.flatMap { recipe in
                do {
                    return try textDirections(of: [recipe])
                } catch let error as CompanionError where error.exitStatus == .badData {
                    return [.failure(error)]
                }
            }
        }
    }
}
