import ArgumentParser
import DatabaseReading
import Directions
import QuestionKit

@main struct CompareDirections: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare-directions",
        abstract: "How alike the directions of two phrases are, and which channels they share.",
        discussion: """
            Examples:
              compare-directions "tiger" "leopard"
              compare-directions "smiling animal" "open mouth" --beta 0.1 --json
            """,
        version: ProgramVersion.current)

    @Argument(help: "The one phrase.")
    var first: String

    @Argument(help: "The other.")
    var second: String

    @OptionGroup var direction: DirectionOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions

    @Option(parsing: .unconditional, help: "How many channels of each kind to show.")
    var top = 10

    @Flag(help: "Answer in one line of JSON.")
    var json = false

    func validate() throws {
        for phrase in [first, second] { try DirectionOptions.requireVisible(phrase, as: "the phrase") }
        guard top >= 0 else { throw ValidationError("--top is \(top); it must not be negative") }
        guard direction.choice != nil else {
            throw ValidationError("--beta auto draws faces for one phrase; give a number or --channels")
        }
        try direction.faces.require(false, "commands that draw")
    }

    func run() throws {
        let database = try database.open()
        let embeddings = try PhraseEmbeddings(database, clip: clip, templates: direction.templates)
        let choice = direction.choice ?? ChannelChoice(.threshold(DirectionOptions.defaultThreshold))
        let answers = try [first, second].map {
            try DirectionAnswer(
                direction.recipe(phrase: $0, neutral: database.manifest.neutral), choice, embeddings,
                of: database)
        }
        let report = ComparisonReport(DirectionComparison(answers[0], answers[1]), top: top)
        try StandardStream.output.write(json ? report.json() : report.text())
    }
}
