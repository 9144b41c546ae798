import ArgumentParser
import CommandKit

extension DirectionFile.Format: ExpressibleByArgument {}

@main struct ExportDirection: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-direction",
        abstract: "Write the direction of a phrase for other programs.",
        discussion: """
            The file holds ∆s of every layer at α = 1 (σ applied, toRGB layers as
            zeros) and what it was made from.

            Examples:
              export-direction "tiger"                          tiger.npz
              export-direction "tiger" --format csv --output -  a table
              export-direction "smile" --store store/ffhq --output s.safetensors
            """,
        version: ProgramVersion.current)

    @OptionGroup var phrase: PhraseOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions

    @Option(help: "The file's format. Default: by the ending of --output, or npz.")
    var format: DirectionFile.Format?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write; - is standard output, for json and csv. Default: named after the phrase.",
            valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "Say nothing of what was written.")
    var quiet = false

    private var chosenFormat: DirectionFile.Format {
        get throws {
            if let format { return format }
            guard let output, output != "-" else { return .npz }
            guard let format = DirectionFile.Format(path: output) else {
                throw ValidationError(
                    "--output \(output) has no ending that is a format; end it in .npz, .safetensors, .json or "
                        + ".csv, or give --format")
            }
            return format
        }
    }

    func validate() throws {
        let format = try chosenFormat
        if output == "-", format != .json, format != .csv {
            throw ValidationError("\(format.rawValue) is not text; only json and csv go to standard output")
        }
    }

    func run() throws {
        let format = try chosenFormat
        let path = output ?? OutputFile.name(for: phrase.phrase, ending: format.rawValue)
        if path != "-" { try OutputFile.require(path) }
        let answer = try DirectionAnswer(phrase, clip: clip, of: database.open())
        let file = DirectionFile(answer)
        if path == "-" { return try StandardStream.output.write(file.text(format)) }
        try file.write(path: path, format: format)
        if !quiet {
            StandardStream.error.writeLine(
                "\(Terminal.printable(path)): \(answer.direction.kept.count) of "
                    + "\(answer.direction.relevance.count) channels at β = \(answer.direction.threshold)")
        }
    }
}
