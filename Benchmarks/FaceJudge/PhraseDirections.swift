import CLIP
import Relevance
import RelevanceDatabase

/// Directions from a database's neutral phrase, as `query-direction` gives them.
public final class PhraseDirections {
    private let database: RelevanceDatabase
    private let encoder: TextEncoder
    private let threshold: Float

    /// - Parameter threshold: β.
    /// - Throws: `CLIPError` where the text encoder cannot be made.
    public init(database: RelevanceDatabase, model: CLIPModel, threshold: Float) throws(CLIPError) {
        self.database = database
        encoder = try model.textEncoder()
        self.threshold = threshold
    }

    /// - Throws: `RelevanceError.nothingKept` where no channel reaches β.
    public func direction(to phrase: String) throws -> Direction {
        try direction(of: DirectionRecipe(phrase: phrase, neutral: database.manifest.neutral))
    }

    /// - Throws: `RelevanceError.nothingKept` where no channel reaches β.
    public func direction(of recipe: DirectionRecipe) throws -> Direction {
        let text = try recipe.textDirection(PromptEnsemble().embeddings(of: recipe.phrases, by: encoder))
        return try database.direction(for: text, threshold: threshold)
    }
}
