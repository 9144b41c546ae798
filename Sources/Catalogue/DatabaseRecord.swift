import Foundation
import GRDB

/// A relevance database as the catalogue knows it: where it is, and what it was built from.
///
/// Everything here is in the database's own manifest too; the catalogue only makes it searchable.
public struct DatabaseRecord: Hashable, Sendable, Codable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "database"

    /// Of the build, as in its manifest.
    public var identity: UUID
    /// The database's folder, relative to the catalogue's.
    public var folder: String
    public var generatorName: String
    /// SHA-256 in hexadecimal.
    public var generatorFingerprint: String
    public var clipName: String
    /// SHA-256 in hexadecimal.
    public var clipFingerprint: String
    /// The sweep's settings as JSON.
    public var settings: String
    /// Swept channels, C.
    public var channels: Int
    /// The width of an embedding, d.
    public var dimension: Int
    /// Pairs a channel behind the table.
    public var pairs: Int
    public var neutral: String
    public var toolVersion: String
    /// When the catalogue was last told of it.
    public var built: Date

    public init(
        identity: UUID, folder: String, generatorName: String, generatorFingerprint: String, clipName: String,
        clipFingerprint: String, settings: String, channels: Int, dimension: Int, pairs: Int, neutral: String,
        toolVersion: String, built: Date
    ) {
        self.identity = identity
        self.folder = folder
        self.generatorName = generatorName
        self.generatorFingerprint = generatorFingerprint
        self.clipName = clipName
        self.clipFingerprint = clipFingerprint
        self.settings = settings
        self.channels = channels
        self.dimension = dimension
        self.pairs = pairs
        self.neutral = neutral
        self.toolVersion = toolVersion
        self.built = built
    }

    /// Readable with `sqlite3`.
    public static func databaseUUIDEncodingStrategy(for column: String) -> DatabaseUUIDEncodingStrategy {
        .lowercaseString
    }
}
