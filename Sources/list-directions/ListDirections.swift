import ArgumentParser
import Catalogue
import CatalogueKit
import DatabaseReading
import Foundation
import QuestionKit

@main struct ListDirections: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "list-directions",
        abstract: "Find saved directions by words of their names, phrases and notes.",
        discussion: """
            Examples:
              list-directions                      all of them
              list-directions stripes              those with a word that begins so
              list-directions --remove "tiger stripes"
              list-directions --rebuild            the catalogue anew, from its databases
            """,
        version: ProgramVersion.current)

    @Argument(help: "Words; each is found by its beginning.")
    var words: [String] = []

    @OptionGroup var database: DatabaseOptions

    @Option(help: ArgumentHelp("Forget the direction of this name.", valueName: "name"))
    var remove: String?

    @Flag(help: "Make the catalogue anew from what the databases beside it hold.")
    var rebuild = false

    @Flag(help: "Answer in JSON, a line a direction.")
    var json = false

    func validate() throws {
        guard remove == nil || words.isEmpty && !json && !rebuild else {
            throw ValidationError("--remove forgets one direction; give it alone")
        }
    }

    func run() throws {
        let folder = StoreCatalogue.folder(of: database.path())
        if rebuild { try makeAnew(folder) }
        if let remove { return try forget(remove, in: folder) }
        let catalogue = try Catalogue(folder: folder, isReadOnly: true)
        let databases = Dictionary(
            try catalogue.databases().map { ($0.identity, $0.folder) },
            uniquingKeysWith: { first, _ in first })
        let found = try catalogue.directions(matching: words.joined(separator: " "))
        for direction in found {
            let folder = direction.database.flatMap { databases[$0] }
            try StandardStream.output.write(
                json ? JSONText.encode(direction) + "\n" : Self.line(direction, database: folder))
        }
        if found.isEmpty, !json { StandardStream.error.writeLine("no saved direction matches") }
    }

    private func makeAnew(_ folder: String) throws {
        let rebuilt = try StoreCatalogue.rebuild(folder: folder)
        if let damaged = rebuilt.damaged {
            StandardStream.error.writeLine("the damaged catalogue is now \(Terminal.printable(damaged))")
        }
        StandardStream.error.writeLine(
            "the catalogue knows \(rebuilt.databases) databases; \(rebuilt.directions) directions were found again"
        )
    }

    private func forget(_ name: String, in folder: String) throws {
        guard try Catalogue(folder: folder).removeDirection(named: name) else {
            throw OptionError("no direction is named '\(name)'", exitStatus: .noInput)
        }
        // The databases forget it too, also those that it was saved from before, so that it does not come back with
        // --rebuild.
        for database in StoreCatalogue.databases(in: folder, keepsText: true)
        where try database.savedRecipes().contains(where: { $0.name == name }) {
            try database.removeSaved(name)
        }
    }

    private static func line(_ direction: SavedDirection, database: String?) -> String {
        func quoted(_ text: String) -> String { "“\(Terminal.printable(text, limit: 80))”" }
        let changes =
            direction.plus.map { " plus \(quoted($0))" } + direction.minus.map { " minus \(quoted($0))" }
            + direction.without.map { " without \(quoted($0))" }
        let range = "α \(short(direction.lowStrength))…\(short(direction.highStrength))"
        let date = direction.saved.formatted(.iso8601.year().month().day())
        return
            "\(Terminal.printable(direction.name, limit: 80)): \(quoted(direction.phrase))\(changes.joined()) instead of "
            + "\(quoted(direction.neutral)), β \(Float(direction.threshold)), \(range), \(direction.kept) channels, "
            + "\(database.map { Terminal.printable($0, limit: 80) } ?? "its database is gone"), \(date)\n"
    }

    private static func short(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? String(value)
    }
}
