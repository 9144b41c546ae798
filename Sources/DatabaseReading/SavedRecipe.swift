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

    /// The largest strength, either way, that anyone can ask for.
    public static let strengthLimit = 1000.0

    /// A direction as it was stored.
    /// - Throws: `DecodingError` where a number is out of its range, too.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        recipe = try values.decode(DirectionRecipe.self, forKey: .recipe)
        beta = try values.decode(Float.self, forKey: .beta)
        confidence = try values.decodeIfPresent(Double.self, forKey: .confidence)
        alpha = try values.decode(Double.self, forKey: .alpha)
        lowAlpha = try values.decode(Double.self, forKey: .lowAlpha)
        highAlpha = try values.decode(Double.self, forKey: .highAlpha)
        kept = try values.decode(Int.self, forKey: .kept)
        note = try values.decode(String.self, forKey: .note)
        saved = try values.decode(Date.self, forKey: .saved)
        let isStrength = [alpha, lowAlpha, highAlpha].allSatisfy { abs($0) <= Self.strengthLimit }
        guard isStrength, (0...1).contains(beta), confidence.map((0.5..<1).contains) ?? true, kept >= 0 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a number out of its range"))
        }
    }

    /// Which channels the direction keeps.
    public var choice: ChannelChoice { ChannelChoice(.threshold(beta), confidence: confidence) }
}
