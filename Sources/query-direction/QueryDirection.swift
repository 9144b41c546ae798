import ArgumentParser
import QuestionKit

@main struct QueryDirection: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "query-direction",
        abstract: "Ask a database which style channels make pictures more like a phrase.",
        discussion: """
            Examples:
              query-direction "tiger"                     the strongest, by layer
              query-direction "tiger" --beta 0.2 --top 5  fewer, more disentangled
              query-direction "curly hair" --neutral "hair" --store store/ffhq
              query-direction "tiger" --json | jq .kept
            """,
        version: ProgramVersion.current)

    @OptionGroup var phrase: PhraseOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions

    @Option(parsing: .unconditional, help: "How many of the strongest channels to show.")
    var top = 20

    @Flag(help: "Answer in one line of JSON.")
    var json = false

    func validate() throws {
        guard top >= 0 else { throw ValidationError("--top is \(top); it must not be negative") }
    }

    func run() throws {
        let answer = try DirectionAnswer(phrase, clip: clip, of: database.open())
        let report = AnswerReport(answer, top: top)
        let inColour = Terminal.allowsColour(StandardStream.output.rawValue)
        try StandardStream.output.write(json ? report.json() : report.text(inColour: inColour))
    }
}
