import Foundation
import GRDB

/// A direction that someone has named: what to ask a database for to have it again.
public struct SavedDirection: Hashable, Sendable, Codable, FetchableRecord, MutablePersistableRecord {
    public static let databaseTableName = "direction"

    /// Given by the catalogue.
    public private(set) var id: Int64?
    public var name: String
    public var phrase: String
    public var neutral: String
    /// β, the disentanglement threshold.
    public var threshold: Double
    /// α, the manipulation strength at use.
    public var strength: Double
    public var note: String
    /// Phrases whose directions are added, taken away, and left alone.
    public var plus: [String]
    public var minus: [String]
    public var without: [String]
    /// The confidence with which |R| is above β, where one was asked for.
    public var confidence: Double?
    /// The range of α that makes good pictures.
    public var lowStrength: Double
    public var highStrength: Double
    /// How many channels it keeps.
    public var kept: Int
    /// The database that it was found in; nil once the catalogue has lost it.
    public var database: UUID?
    public var saved: Date

    public init(
        name: String, phrase: String, neutral: String, threshold: Double, strength: Double, note: String = "",
        plus: [String] = [], minus: [String] = [], without: [String] = [], confidence: Double? = nil,
        lowStrength: Double? = nil, highStrength: Double? = nil, kept: Int = 0, database: UUID?,
        saved: Date = Date()
    ) {
        self.name = name
        self.phrase = phrase
        self.neutral = neutral
        self.threshold = threshold
        self.strength = strength
        self.note = note
        self.plus = plus
        self.minus = minus
        self.without = without
        self.confidence = confidence
        self.lowStrength = lowStrength ?? -abs(strength)
        self.highStrength = highStrength ?? abs(strength)
        self.kept = kept
        self.database = database
        self.saved = saved
    }

    public mutating func didInsert(_ inserted: InsertionSuccess) { id = inserted.rowID }

    /// Readable with `sqlite3`.
    public static func databaseUUIDEncodingStrategy(for column: String) -> DatabaseUUIDEncodingStrategy {
        .lowercaseString
    }
}
