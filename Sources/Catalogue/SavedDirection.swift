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
    /// The database that it was found in; nil once the catalogue has lost it.
    public var database: UUID?
    public var saved: Date

    public init(
        name: String, phrase: String, neutral: String, threshold: Double, strength: Double, note: String = "",
        database: UUID?, saved: Date = Date()
    ) {
        self.name = name
        self.phrase = phrase
        self.neutral = neutral
        self.threshold = threshold
        self.strength = strength
        self.note = note
        self.database = database
        self.saved = saved
    }

    public mutating func didInsert(_ inserted: InsertionSuccess) { id = inserted.rowID }

    /// Readable with `sqlite3`.
    public static func databaseUUIDEncodingStrategy(for column: String) -> DatabaseUUIDEncodingStrategy {
        .lowercaseString
    }
}
