import Catalogue
import DatabaseReading
import Foundation
import QuestionKit

/// The catalogue of a store's folder as its databases fill it.
public enum StoreCatalogue {
    /// The folder that a database is in: the catalogue lies there.
    public static func folder(of database: String) -> String {
        URL(fileURLWithPath: database).standardizedFileURL.deletingLastPathComponent().path
    }

    /// The catalogue beside a database, with a row for it.
    /// - Throws: `CatalogueError`.
    public static func opened(for database: RelevanceDatabase) throws -> Catalogue {
        let catalogue = try Catalogue(folder: folder(of: database.path))
        try catalogue.record(DatabaseRecord(of: database))
        return catalogue
    }

    /// What was put into a catalogue that was made anew.
    public struct Rebuilt: Sendable {
        public let databases: Int
        public let directions: Int
        /// Where a damaged file was put aside.
        public let damaged: String?
    }

    /// Makes a folder's catalogue anew from what its databases hold; a damaged one is put aside.
    ///
    /// Labels of channels are not among it: `describe-channel --all` computes them.
    /// - Throws: `CatalogueError` where it cannot be written.
    public static func rebuild(folder: String) throws -> Rebuilt {
        if let sound = try readable(folder) { return try fill(sound, folder, damaged: nil) }
        let path = folder + "/catalogue.sqlite"
        let aside = path + ".damaged"
        for ending in ["", "-journal", "-wal", "-shm"] {
            guard rename(path + ending, aside + ending) == 0 || errno == ENOENT else {
                throw CatalogueError.readOnly(path: path)
            }
        }
        return try fill(Catalogue(folder: folder), folder, damaged: aside)
    }

    /// The catalogue of a folder, or nil where it is damaged.
    private static func readable(_ folder: String) throws -> Catalogue? {
        do {
            let catalogue = try Catalogue(folder: folder)
            try catalogue.check()
            return catalogue
        } catch {
            if case .damaged = error { return nil }
            throw error
        }
    }

    /// The finished databases of a folder; what is none has nothing to say.
    public static func databases(in folder: String, keepsText: Bool = false) -> [RelevanceDatabase] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().compactMap {
            try? RelevanceDatabase(path: folder + "/" + $0, keepsText: keepsText)
        }
    }

    private static func fill(_ catalogue: Catalogue, _ folder: String, damaged: String?) throws -> Rebuilt {
        let databases = databases(in: folder)
        try catalogue.reconcile(with: databases.map { try DatabaseRecord(of: $0) })
        var directions = 0
        let saved = try databases.flatMap { database in
            try database.savedRecipes().map { SavedDirection($0, database: database.manifest.identity) }
        }
        // Of one name, the one that was saved last.
        for direction in saved.sorted(by: { $0.saved > $1.saved })
        where try catalogue.direction(named: direction.name) == nil {
            try catalogue.save(direction)
            directions += 1
        }
        return Rebuilt(databases: databases.count, directions: directions, damaged: damaged)
    }
}

extension DatabaseRecord {
    /// What the catalogue says of a database.
    public init(of database: RelevanceDatabase) throws {
        let manifest = database.manifest
        self.init(
            identity: manifest.identity,
            folder: URL(fileURLWithPath: database.path).standardizedFileURL.lastPathComponent,
            generatorName: manifest.generator.name, generatorFingerprint: manifest.generator.fingerprint,
            clipName: manifest.clip.name, clipFingerprint: manifest.clip.fingerprint,
            settings: try JSONText.encode(manifest.settings), channels: manifest.sweptChannels,
            dimension: manifest.dimension, pairs: manifest.pairsDone, neutral: manifest.neutral,
            toolVersion: manifest.toolVersion, built: Date())
    }
}

extension SavedDirection {
    /// What the catalogue says of a direction that a database keeps.
    public init(_ saved: SavedRecipe, database: UUID) {
        self.init(
            name: saved.name, phrase: saved.recipe.phrase, neutral: saved.recipe.neutral,
            threshold: Double("\(saved.beta)") ?? Double(saved.beta), strength: saved.alpha, note: saved.note,
            plus: saved.recipe.plus,
            minus: saved.recipe.minus, without: saved.recipe.without, confidence: saved.confidence,
            lowStrength: saved.lowAlpha, highStrength: saved.highAlpha, kept: saved.kept, database: database,
            saved: saved.saved)
    }
}

extension CatalogueError: ExitingError {
    public var exitStatus: ExitStatus {
        switch self {
        case .missing: .noInput
        case .damaged, .newer: .badData
        case .readOnly: .cannotCreate
        case .diskFull, .system: .inputOutput
        case .busy: .busy
        }
    }
}
