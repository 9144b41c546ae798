import ArgumentParser
import CommandKit

@main struct QueryDirect: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "query-direct",
        abstract: "What query-direction --direct runs: a direction from gradients, without a database.",
        discussion: """
            A program of its own, for query-direction answers from a database before
            the networks' libraries would have been loaded.

            Example:
              query-direct "tiger" --images 20
            """,
        version: ProgramVersion.current)

    @OptionGroup var phrase: PhraseOptions
    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions

    @Option(parsing: .unconditional, help: "Images that the direction is the mean of.")
    var images = DirectOptions.defaultImages

    @Option(parsing: .unconditional, help: "How many of the strongest channels to show.")
    var top = 20

    @Flag(help: "Answer in one line of JSON.")
    var json = false

    func validate() throws {
        guard top >= 0 else { throw ValidationError("--top is \(top); it must not be negative") }
    }

    func run() throws {
        let table = try DirectTable(
            phrase.phrase, phrase.direction, generator: generator, clip: clip, images: images)
        let report = AnswerReport(try table.answer(), top: top)
        let inColour = Terminal.allowsColour(StandardStream.output.rawValue)
        try StandardStream.output.write(json ? report.json() : report.text(inColour: inColour))
    }
}
