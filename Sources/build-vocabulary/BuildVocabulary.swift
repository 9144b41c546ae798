import ArgumentParser
import DatabaseReading
import QuestionKit
import Vocabulary

@main struct BuildVocabulary: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-vocabulary",
        abstract: "Embed word lists and keep them in a database, so that all of them can be asked at once.",
        discussion: """
            A list is one of the project's (vocab/words) by its name, or a file: a
            line 'neutral: …', then a phrase a line. Without any, all of the project's
            lists are embedded; for the embedded models, those of their world.

            Examples:
              build-vocabulary
              build-vocabulary animals fur my-words.txt --store store/ffhq
              query-direction --from-vocabulary --list animals
            """,
        version: ProgramVersion.current)

    /// What the drawn animal faces can show; the other lists are of people and cars.
    private static let drawnFaces = [
        "accessories", "animals", "backgrounds", "expressions", "eyes", "features", "fur",
    ]

    @Argument(help: ArgumentHelp("Lists: names, or files that end in .txt.", valueName: "list"))
    var lists: [String] = []

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions

    @Option(
        help: ArgumentHelp(
            "Prompt templates, one a line, each with {} where the phrase goes. Default: the embedded ones.",
            valueName: "file"),
        completion: .file())
    var templates: String?

    @Flag(help: "Say nothing of what was embedded.")
    var quiet = false

    func run() throws {
        let database = try database.open()
        let embeddings = try PhraseEmbeddings(database, clip: clip, templates: templates)
        for list in try wordLists(for: database) {
            let kept = EmbeddedWordList(
                name: list.name, neutral: list.neutral, words: list.words, ensemble: embeddings.ensemble)
            try database.keep(kept, embeddings: embeddings.of([list.neutral] + list.words))
            if !quiet {
                StandardStream.error.writeLine(
                    "\(Terminal.printable(list.name)): \(list.words.count) phrases instead of "
                        + "“\(Terminal.printable(list.neutral))”")
            }
        }
    }

    private func wordLists(for database: RelevanceDatabase) throws -> [WordList] {
        guard lists.isEmpty else {
            return try lists.map {
                $0.hasSuffix(".txt") ? try WordList.load(path: $0) : try WordList.named($0)
            }
        }
        let isEmbedded = database.manifest.clip.isEmbedded
        return WordList.embedded.filter { !isEmbedded || Self.drawnFaces.contains($0.name) }
    }
}
