import CatalogueKit
import CommandKit
import DatabaseReading
import Foundation

/// The catalogue's row of a database that is complete.
public enum BuildCatalogue {
    /// Records a database in the catalogue of the folder that it is in: the default one, or one that has a catalogue.
    ///
    /// The catalogue is a convenience: where it cannot be written, the database is none the worse.
    public static func record(databaseAt path: String) {
        let folder = StoreCatalogue.folder(of: path)
        let isDefault = folder == URL(fileURLWithPath: StoreLocation.folder).standardizedFileURL.path
        guard isDefault || FileManager.default.fileExists(atPath: folder + "/catalogue.sqlite") else {
            return
        }
        do {
            _ = try StoreCatalogue.opened(for: RelevanceDatabase(path: path))
        } catch {
            StandardStream.error.writeLine(
                "the catalogue was not brought up to date: \(Terminal.printable("\(error)"))")
        }
    }
}
