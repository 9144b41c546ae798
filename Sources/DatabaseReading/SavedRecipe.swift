import Directions
import FoundationEssentials

/// A direction that someone has named, as its database keeps it: what a lost catalogue is made anew from.
public struct SavedRecipe: Hashable, Sendable, Codable {
    public let name: String
    public let recipe: DirectionRecipe
    /// β.
    public let beta: Float
    /// The confidence with which |R| is above β, where one was asked for.
    public let confidence: Double?
    /// α at use, and the range that was found good.
    public let alpha: Double
    public let lowAlpha: Double
    public let highAlpha: Double
    /// How many channels it keeps.
    public let kept: Int
    public let note: String
    public let saved: Date

    public init(
        name: String, recipe: DirectionRecipe, beta: Float, confidence: Double?, alpha: Double,
        lowAlpha: Double, highAlpha: Double, kept: Int, note: String, saved: Date = Date()
    ) {
        self.name = name
        self.recipe = recipe
        self.beta = beta
        self.confidence = confidence
        self.alpha = alpha
        self.lowAlpha = lowAlpha
        self.highAlpha = highAlpha
        self.kept = kept
        self.note = note
        self.saved = saved
    }

    /// Which channels the direction keeps.
    public var choice: ChannelChoice { ChannelChoice(.threshold(beta), confidence: confidence) }
}
