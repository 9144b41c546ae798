import Catalogue
import CommandKit
import Foundation
import RelevanceDatabase

/// The catalogue's row of a database that is complete.
public enum BuildCatalogue {
    /// Records a database in the catalogue of the folder that it is in: the default one, or one that has a catalogue.
    ///
    /// The catalogue is a convenience: where it cannot be written, the database is none the worse.
    public static func record(databaseAt path: String) {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        let folder = url.deletingLastPathComponent().path
        let isDefault = folder == URL(fileURLWithPath: StoreLocation.folder).standardizedFileURL.path
        guard isDefault || FileManager.default.fileExists(atPath: folder + "/catalogue.sqlite") else {
            return
        }
        do {
            let manifest = try RelevanceDatabase(path: path).manifest
            try Catalogue(folder: folder).record(
                DatabaseRecord(
                    identity: manifest.identity, folder: url.lastPathComponent,
                    generatorName: manifest.generator.name,
                    generatorFingerprint: manifest.generator.fingerprint,
                    clipName: manifest.clip.name, clipFingerprint: manifest.clip.fingerprint,
                    settings: JSONText.encode(manifest.settings), channels: manifest.sweptChannels,
                    dimension: manifest.dimension, pairs: manifest.pairsDone, neutral: manifest.neutral,
                    toolVersion: manifest.toolVersion, built: Date()))
        } catch {
            StandardStream.error.writeLine(
                "the catalogue was not brought up to date: \(Terminal.printable("\(error)"))")
        }
    }
}
