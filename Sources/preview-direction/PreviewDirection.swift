import ArgumentParser
import CommandKit
import Editing
import Pictures
import StyleGAN

@main struct PreviewDirection: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview-direction",
        abstract: "Draw faces along the direction of a phrase: a row a face, a column a strength α.",
        discussion: """
            The middle column is the unedited faces; to the right they become what
            the phrase says, to the left the opposite.

            Examples:
              preview-direction "tiger"                    tiger.png
              preview-direction "tiger" --alpha 10 --steps 2 --output sheet.jpg
              preview-direction "smile" --store store/ffhq --seed 7 --beta 0.15
              preview-direction "smile" --store store/ffhq --latents w_plus.npy
            """,
        version: ProgramVersion.current)

    @OptionGroup var phrase: PhraseOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions

    @Option(parsing: .unconditional, help: "The strength α of the outermost columns.")
    var alpha: Float = 6

    @Option(parsing: .unconditional, help: "The number of faces.")
    var faces = 6

    @Option(parsing: .unconditional, help: "Columns on either side of the unedited faces.")
    var steps = 3

    @Option(parsing: .unconditional, help: "The seed of the faces, as NumPy's RandomState takes it.")
    var seed: UInt32 = 0

    @Option(parsing: .unconditional, help: "Truncation ψ of the faces. Default: the database's.")
    var truncation: Float?

    @Option(
        help: ArgumentHelp(
            "Faces of a file instead of a seed's: w, w+ or s as .npy, .npz, .pt or .pkl.", valueName: "file"),
        completion: .file())
    var latents: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The .png or .jpg to write. Default: named after the phrase.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "Say nothing of what was written.")
    var quiet = false

    func validate() throws {
        guard alpha > 0, alpha <= 1000 else {
            throw ValidationError("--alpha is \(alpha); it must be above 0 and at most 1000")
        }
        guard (1...64).contains(faces) else {
            throw ValidationError("--faces is \(faces); it must be from 1 to 64")
        }
        guard (1...16).contains(steps) else {
            throw ValidationError("--steps is \(steps); it must be from 1 to 16")
        }
        if let truncation, !(truncation >= 0 && truncation <= 2) {
            throw ValidationError("--truncation is \(truncation); it must be from 0 to 2")
        }
        if let output,
            output.isEmpty || ![".png", ".jpg", ".jpeg"].contains(where: output.lowercased().hasSuffix)
        {
            throw ValidationError("--output \(output) must end in .png, .jpg or .jpeg")
        }
    }

    func run() throws {
        let path = output ?? OutputFile.name(for: phrase.phrase, ending: "png")
        try OutputFile.require(path)
        let database = try database.open(generator: generator.generator)
        let answer = try DirectionAnswer(phrase, clip: clip, of: database)
        let generator = try generator.open(for: database)
        let styles = try latents.map { try LatentFile.styles(path: $0, for: generator) }
        let faces = min(faces, styles?.shape[0] ?? faces)
        let sheet = try FaceSheet(
            answer, generator: generator, styles: styles, faces: faces, seed: seed,
            truncation: truncation,
            strengths: (-steps...steps).map { alpha * Float($0) / Float(steps) })
        try sheet.drawn().write(path: path)
        if !quiet {
            StandardStream.error.writeLine(
                "\(Terminal.printable(path)): \(faces) faces, α from −\(alpha) to \(alpha), "
                    + "\(answer.direction.kept.count) of \(answer.direction.relevance.count) channels")
        }
    }
}
