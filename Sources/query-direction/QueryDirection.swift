import ArgumentParser
import DatabaseReading
import Directions
import Glibc
import ProgramFolder
import QuestionKit

@main struct QueryDirection: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "query-direction",
        abstract: "Ask a database which style channels make pictures more like a phrase.",
        discussion: """
            Examples:
              query-direction "tiger"                     the strongest, by layer
              query-direction "tiger" --beta 0.2 --top 5  fewer, more disentangled
              query-direction "tiger" --channels 20
              query-direction "tiger" --plus "smiling animal" --without "orange animal"
              query-direction "tiger" --beta auto --save "tiger stripes"
              query-direction "curly hair" --neutral "hair" --store store/ffhq
              query-direction "tiger" --json | jq .kept
              query-direction --phrases words.txt | jq -r '.phrase, .kept'
              query-direction "tiger" --direct --generator ffhq.pkl --clip ViT-B-32.pt
              query-direction --from-vocabulary           all of build-vocabulary's
            """,
        version: ProgramVersion.current)

    /// Channels that one answer shows where nothing else is asked for.
    private static let strongestOfOne = 20

    @Argument(help: "What pictures are to become, for example \"tiger\".")
    var phrase: String?

    @OptionGroup var direction: DirectionOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions
    @OptionGroup var direct: DirectOptions
    @OptionGroup var generator: GeneratorOptions

    @Option(
        help: ArgumentHelp(
            "Ask for every line of a file (- is standard input); a line of JSON each, as they come.",
            valueName: "file"),
        completion: .file())
    var phrases: String?

    @Flag(help: "Ask for every phrase of the word lists that build-vocabulary has embedded.")
    var fromVocabulary = false

    @Option(
        help: ArgumentHelp("With --from-vocabulary: only this list; may be given again.", valueName: "name"))
    var list: [String] = []

    @Option(
        parsing: .unconditional,
        help:
            "How many of the strongest channels to show. Default: 20, or 3 of each phrase in a table of many."
    )
    var top: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "'auto' draws a few faces and says which strength is good (seconds); a number is saved with --save.",
            valueName: "α"))
    var alpha: DirectionOptions.Strength?

    @Option(help: ArgumentHelp("Save the direction in the catalogue under a name.", valueName: "name"))
    var save: String?

    @Flag(help: "Answer in JSON, a line an answer.")
    var json = false

    func validate() throws {
        if let top, top < 0 { throw ValidationError("--top is \(top); it must not be negative") }
        let sources = (phrase == nil ? 0 : 1) + (phrases == nil ? 0 : 1) + (fromVocabulary ? 1 : 0)
        guard sources == 1 else {
            throw ValidationError(
                sources == 0
                    ? "the phrase is missing; give one, as \"tiger\", or --phrases, or --from-vocabulary"
                    : "give one of a phrase, --phrases and --from-vocabulary")
        }
        if let phrase { try DirectionOptions.requireVisible(phrase, as: "the phrase") }
        if let save {
            try DirectionOptions.requireVisible(save, as: "--save")
            try SavingDirection.requireTemplates(direction)
        } else if strength != nil {
            throw ValidationError(
                "--alpha is the strength of a direction at use: 'auto', or a number with --save")
        }
        let isDrawn = direction.choice == nil || alpha == .automatic
        try direct.require(database, generator, isDrawn: isDrawn)
        try direction.faces.require(direct.direct || isDrawn, "--beta auto, --alpha auto or --direct")
        if direct.direct, phrase == nil || save != nil {
            throw ValidationError("--direct answers one phrase, and saves nothing")
        }
        guard list.isEmpty || fromVocabulary else {
            throw ValidationError("--list says which lists --from-vocabulary takes; give that too")
        }
        if phrase == nil {
            guard direction.choice != nil else {
                throw ValidationError(
                    "--beta auto draws faces for one phrase; for many give --beta or --channels")
            }
            guard alpha == nil else { throw ValidationError("--alpha is for one phrase") }
            guard save == nil else { throw ValidationError("--save is for one phrase") }
        }
    }

    func run() throws {
        if direct.direct { throw Self.becomeQueryDirect() }
        let database = try database.open()
        if let phrase { return try ask(phrase, of: database) }
        let embeddings = try PhraseEmbeddings(database, clip: clip, templates: direction.templates)
        let many = ManyPhrases(
            database, embeddings,
            direction.choice ?? ChannelChoice(.threshold(DirectionOptions.defaultThreshold)))
        let asJSON = json || phrases != nil
        let report = ManyReport(top: top ?? (asJSON ? Self.strongestOfOne : 3), asJSON: asJSON)
        if let phrases {
            var lines = try PhraseLines(path: phrases)
            defer { lines.end() }
            while let block = try lines.next() {
                let recipes = block.map {
                    direction.recipe(phrase: $0, neutral: database.manifest.neutral)
                }
                try report.write(many.outcomes(of: recipes))
            }
        } else {
            for list in try VocabularyQuestion.lists(of: database, named: list) {
                let recipes = list.words.map { direction.recipe(phrase: $0, neutral: list.neutral) }
                try report.write(many.outcomes(of: recipes))
            }
        }
        try report.finish()
    }

    private func ask(_ phrase: String, of database: RelevanceDatabase) throws {
        let answer = try DirectionAnswer(
            phrase, direction, generator: generator, clip: clip, of: database,
            tunesStrength: alpha == .automatic)
        let report = AnswerReport(answer, top: top ?? Self.strongestOfOne)
        let inColour = Terminal.allowsColour(StandardStream.output.rawValue)
        try StandardStream.output.write(json ? report.json() : report.text(inColour: inColour))
        if let save { try SavingDirection.save(answer, as: save, alpha: strength, clip: clip) }
    }

    /// α as a number.
    private var strength: Float? { if case .value(let strength) = alpha { strength } else { nil } }

    /// Puts the program that has the networks in the place of this one; returns only where that fails.
    private static func becomeQueryDirect() -> OptionError {
        let path = ProgramFolder.path + "/query-direct"
        let arguments = [path] + CommandLine.arguments.dropFirst().filter { $0 != "--direct" }
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        execv(path, &words)
        return OptionError(
            "\(path) cannot be run: \(String(cString: strerror(errno))); install the programs again",
            exitStatus: .noInput)
    }
}
