import ArgumentParser
import CommandKit
import DatabaseReading
import Directions

extension DirectionFile.Format: ExpressibleByArgument {}

@main struct ExportDirection: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-direction",
        abstract: "Write the direction of a phrase for other programs, or those of many.",
        discussion: """
            The file holds ∆s of every layer at α = 1 (σ applied, toRGB layers as
            zeros) and what it was made from. No library of Swift's or Debian's writes
            .parquet; pandas makes it of the table:
              python3 -c 'import pandas; pandas.read_csv("tiger.csv",
              comment="#").to_parquet("tiger.parquet")'

            Examples:
              export-direction "tiger"                          tiger.npz
              export-direction "tiger" --format csv --output -  a table
              export-direction "smile" --store store/ffhq --output s.safetensors
              export-direction --all-saved --output saved       a folder of files
              export-direction --vocabulary --list animals --output animals
              export-direction "smile" --direct --generator ffhq.pkl --clip ViT-B-32.pt
            """,
        version: ProgramVersion.current)

    @Argument(help: "What pictures are to become, for example \"tiger\".")
    var phrase: String?

    @OptionGroup var direction: DirectionOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions
    @OptionGroup var direct: DirectOptions
    @OptionGroup var generator: GeneratorOptions

    @Option(help: "The file's format. Default: by the ending of --output, or npz.")
    var format: DirectionFile.Format?

    @Flag(help: "Write every direction that was saved from the database, into the folder --output.")
    var allSaved = false

    @Flag(help: "Write the direction of every phrase of the embedded word lists, into the folder --output.")
    var vocabulary = false

    @Option(help: ArgumentHelp("With --vocabulary: only this list; may be given again.", valueName: "name"))
    var list: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write; - is standard output, for json and csv. Default: named after the phrase.",
            valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "Say nothing of what was written.")
    var quiet = false

    private var isForMany: Bool { allSaved || vocabulary }

    private var chosenFormat: DirectionFile.Format {
        get throws {
            if let format { return format }
            guard let output, output != "-", !isForMany else { return .npz }
            guard let format = DirectionFile.Format(path: output) else {
                throw ValidationError(
                    "--output \(output) has no ending that is a format; end it in .npz, .safetensors, .json or "
                        + ".csv, or give --format")
            }
            return format
        }
    }

    func validate() throws {
        guard [phrase != nil, allSaved, vocabulary].count(where: { $0 }) == 1 else {
            throw ValidationError("give a phrase, as \"tiger\", or --all-saved, or --vocabulary")
        }
        if let phrase { try DirectionOptions.requireVisible(phrase, as: "the phrase") }
        try direct.require(database, generator, isDrawn: direction.choice == nil)
        if allSaved { try direction.requireNone("--all-saved writes directions as they were saved") }
        if direct.direct, phrase == nil {
            throw ValidationError("--direct answers one phrase; give one, as \"tiger\"")
        }
        guard list.isEmpty || vocabulary else {
            throw ValidationError("--list says which lists --vocabulary takes; give that too")
        }
        guard !isForMany || output != "-" else {
            throw ValidationError("many directions go into a folder; name one with --output")
        }
        guard !vocabulary || direction.choice != nil else {
            throw ValidationError(
                "--beta auto draws faces for one phrase; for many give --beta or --channels")
        }
        try direction.faces.require(
            direct.direct || direction.choice == nil, "--beta auto or --direct")
        let format = try chosenFormat
        if output == "-", format != .json, format != .csv {
            throw ValidationError("\(format.rawValue) is not text; only json and csv go to standard output")
        }
    }

    func run() throws {
        let format = try chosenFormat
        guard let phrase else { return try writeMany(format) }
        let path = output ?? OutputFile.name(for: phrase, ending: format.rawValue)
        if path != "-" { try OutputFile.require(path) }
        let answer =
            try direct.direct
            ? DirectTable(phrase, direction, generator: generator, clip: clip, images: direct.images).answer()
            : DirectionAnswer(phrase, direction, generator: generator, clip: clip, of: database.open())
        let file = DirectionFile(answer)
        if path == "-" { return try StandardStream.output.write(file.text(format)) }
        try file.write(path: path, format: format)
        if !quiet {
            StandardStream.error.writeLine(
                "\(Terminal.printable(path)): \(answer.direction.kept.count) of "
                    + "\(answer.direction.relevance.count) channels at β = \(answer.direction.threshold)")
        }
    }

    // MARK: Many

    private func writeMany(_ format: DirectionFile.Format) throws {
        let folder = try ExportFolder(path: output ?? "directions", format: format)
        let database = try database.open()
        let embeddings = try PhraseEmbeddings(database, clip: clip, templates: direction.templates)
        if allSaved {
            for saved in try database.savedRecipes() {
                try folder.write(
                    saved.name,
                    Result { try DirectionAnswer(saved.recipe, saved.choice, embeddings, of: database) })
            }
        } else {
            let choice = direction.choice ?? ChannelChoice(.threshold(DirectionOptions.defaultThreshold))
            let many = ManyPhrases(database, embeddings, choice)
            for list in try VocabularyQuestion.lists(of: database, named: list) {
                let recipes = list.words.map { direction.recipe(phrase: $0, neutral: list.neutral) }
                for (recipe, answer) in try many.outcomes(of: recipes) {
                    try folder.write("\(list.name) \(recipe.phrase)", answer)
                }
            }
        }
        try folder.finish(quiet: quiet)
    }
}
