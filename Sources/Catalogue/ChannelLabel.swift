import Foundation
import GRDB

/// What a style channel does to pictures, in a phrase of a word list.
public struct ChannelLabel: Hashable, Sendable, Codable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "label"

    /// The database that says so.
    public var database: UUID
    public var layer: String
    /// Within the layer.
    public var channel: Int
    /// 1 for the phrase with the largest |R| of this channel, and so on.
    public var rank: Int
    public var phrase: String
    public var neutral: String
    /// R: positive where raising the channel makes pictures more like the phrase.
    public var relevance: Double
    /// Its standard error; nil from a database of single pairs.
    public var error: Double?

    public init(
        database: UUID, layer: String, channel: Int, rank: Int, phrase: String, neutral: String,
        relevance: Double, error: Double?
    ) {
        self.database = database
        self.layer = layer
        self.channel = channel
        self.rank = rank
        self.phrase = phrase
        self.neutral = neutral
        self.relevance = relevance
        self.error = error
    }

    /// Readable with `sqlite3`.
    public static func databaseUUIDEncodingStrategy(for column: String) -> DatabaseUUIDEncodingStrategy {
        .lowercaseString
    }
}
