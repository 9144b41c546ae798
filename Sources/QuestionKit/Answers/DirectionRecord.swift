import DatabaseReading
import Directions
import FoundationEssentials

/// What a direction was made from: the JSON that goes with every exported one.
public struct DirectionRecord: Encodable, Sendable {
    /// The database behind a direction.
    public struct Database: Encodable, Sendable {
        public let identity: UUID
        public let generator: WeightsRecord
        public let clip: WeightsRecord
        public let settings: SweepSettings
        public let precision: String
        /// "pairs", "gradient", or "direct" where there is no table.
        public let method: String
        /// Pairs a channel behind the table.
        public let pairs: Int
        public let toolVersion: String
        /// Every layer in the order of the style code.
        public let layers: [LayerRecord]
    }

    public let phrase: String
    public let neutral: String
    /// Phrases whose directions were added, taken away, and left alone.
    public let plus: [String]
    public let minus: [String]
    public let without: [String]
    /// β.
    public let beta: Float
    /// The strength at which ∆s is written; to apply it at α, multiply by α.
    public let alpha: Float = 1
    /// The confidence with which the kept channels' |R| is above β, where one was asked for.
    public let confidence: Double?
    /// How many channels are not zero.
    public let kept: Int
    /// How many there are to be kept, C.
    public let channels: Int
    public let largestRelevance: Float
    public let database: Database

    public init(_ answer: DirectionAnswer) {
        let manifest = answer.database.manifest
        phrase = answer.phrase
        neutral = answer.neutral
        plus = answer.recipe.plus
        minus = answer.recipe.minus
        without = answer.recipe.without
        confidence = answer.confidence
        beta = answer.direction.threshold
        kept = answer.direction.kept.count
        channels = answer.direction.relevance.count
        largestRelevance = answer.largestRelevance
        database = Database(
            identity: manifest.identity, generator: Self.public(manifest.generator),
            clip: Self.public(manifest.clip), settings: manifest.settings, precision: manifest.precision,
            method: manifest.methodName,
            pairs: manifest.pairsDone, toolVersion: manifest.toolVersion, layers: manifest.layers)
    }

    /// Weights by the name of their file: where it lies is nobody else's business.
    private static func `public`(_ weights: WeightsRecord) -> WeightsRecord {
        WeightsRecord(
            name: weights.name.split(separator: "/").last.map(String.init) ?? "",
            fingerprint: weights.fingerprint, classIndex: weights.classIndex)
    }

    /// In one line, its keys in order.
    public func json() throws -> String { try JSONText.encode(self) }
}
