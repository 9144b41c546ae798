import ArgumentParser
import Catalogue
import CatalogueKit
import DatabaseReading
import QuestionKit

@main struct FindChannels: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "find-channels",
        abstract: "Find the style channels whose labels hold a word: the reverse of describe-channel.",
        discussion: """
            The labels are those that describe-channel --all has made.

            Examples:
              find-channels "stripes"
              find-channels "sunglasses" --top 5 --json
            """,
        version: ProgramVersion.current)

    @Argument(help: "Words; each is found by its beginning.")
    var words: [String]

    @OptionGroup var database: DatabaseOptions

    @Option(parsing: .unconditional, help: "How many channels to show, those with the largest |R| first.")
    var top = 20

    @Flag(help: "Answer in JSON, a line a label.")
    var json = false

    func validate() throws {
        try DirectionOptions.requireVisible(words.joined(), as: "the word")
        guard top >= 0 else { throw ValidationError("--top is \(top); it must not be negative") }
    }

    func run() throws {
        let database = try database.open()
        let catalogue = try Catalogue(folder: StoreCatalogue.folder(of: database.path), isReadOnly: true)
        let identity = database.manifest.identity
        guard try catalogue.hasLabels(of: identity) else {
            throw OptionError(
                "the channels of \(database.path) have no labels yet; describe-channel --all makes them",
                exitStatus: .noInput)
        }
        let labels = try catalogue.labels(of: identity, matching: words.joined(separator: " "), limit: top)
        for label in labels {
            try StandardStream.output.write(json ? JSONText.encode(label) + "\n" : Self.line(label))
        }
        if labels.isEmpty, !json { StandardStream.error.writeLine("no channel's label matches") }
    }

    private static func line(_ label: ChannelLabel) -> String {
        let place = Terminal.printable("\(label.layer):\(label.channel)", limit: 80)
        let padding = String(repeating: " ", count: max(0, 16 - place.count))
        let error = label.error.map { " ± \(String(SignedNumber.text(Float($0)).dropFirst()))" } ?? ""
        return
            "\(place)\(padding)  R \(SignedNumber.text(Float(label.relevance)))\(error)  "
            + "\(Terminal.printable(label.phrase, limit: 60)) instead of \(Terminal.printable(label.neutral, limit: 40))\n"
    }
}
