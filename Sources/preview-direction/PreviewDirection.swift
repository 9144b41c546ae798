import ArgumentParser
import CommandKit
import DatabaseReading
import Directions
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
              preview-direction "tiger" --beta auto --alpha auto
              preview-direction --channel b8.conv0:43
              preview-direction "smile" --direct --generator ffhq.pkl --clip ViT-B-32.pt
            """,
        version: ProgramVersion.current)

    @Argument(help: "What pictures are to become, for example \"tiger\".")
    var phrase: String?

    @OptionGroup var direction: DirectionOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions
    @OptionGroup var direct: DirectOptions

    @Option(
        help: ArgumentHelp(
            "Move one style channel by α σ instead of following a phrase.", valueName: "layer:channel"))
    var channel: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The strength of the outermost columns, or 'auto': draw a few faces and measure. Default: 6, or what "
                + "--beta auto has found.", valueName: "α"))
    var alpha: DirectionOptions.Strength?

    @Option(parsing: .unconditional, help: "The number of faces.")
    var faces = 6

    @Option(parsing: .unconditional, help: "Columns on either side of the unedited faces.")
    var steps = 3

    @Option(
        parsing: .unconditional, help: "The seed of the faces, as NumPy's RandomState takes it. Default: 0.")
    var seed: UInt32?

    @Option(parsing: .unconditional, help: "Truncation ψ of the faces. Default: the database's.")
    var truncation: Float?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The .png or .jpg to write. Default: named after the phrase.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "Say nothing of what was written.")
    var quiet = false

    func validate() throws {
        guard (phrase == nil) != (channel == nil) else {
            throw ValidationError("give a phrase, as \"tiger\", or --channel")
        }
        if let phrase { try DirectionOptions.requireVisible(phrase, as: "the phrase") }
        try direct.require(database)
        if direct.direct, channel != nil || alpha == .automatic {
            throw ValidationError(
                "--direct is for a phrase, and asks no database for --alpha auto; give a number")
        }
        if channel != nil {
            guard alpha != .automatic else {
                throw ValidationError("--alpha auto is for a phrase; for a channel give a number")
            }
            try direction.requireNone("--channel moves one channel as it is")
        }
        if direction.faces.latents != nil, seed != nil || truncation != nil {
            throw ValidationError(
                "--latents names the faces; --seed and --truncation are of faces that are sampled")
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
        let path = output ?? OutputFile.name(for: phrase ?? channel ?? "", ending: "png")
        try OutputFile.require(path)
        let (database, subject) = try subject()
        let generator = try generator.open(for: database)
        let settings = database.manifest.settings
        let source: FaceSource =
            if let styles = try direction.faces.styles(for: generator) {
                .styles(styles)
            } else {
                .seed(
                    seed ?? 0,
                    Truncation(psi: truncation ?? settings.truncationPsi, cutoff: settings.truncationCutoff))
            }
        let faces = source.count(wanted: faces)
        let sheet = try FaceSheet(
            subject, generator: generator, faces: faces, from: source,
            strengths: (-steps...steps).map { subject.strength * Float($0) / Float(steps) })
        try sheet.drawn().write(path: path)
        if !quiet {
            StandardStream.error.writeLine(
                "\(Terminal.printable(path)): \(faces) \(faces == 1 ? "face" : "faces"), α from −\(subject.strength) to \(subject.strength), "
                    + "\(subject.kept) of \(database.channels.count) channels")
        }
    }

    /// What is drawn, a phrase's direction or one channel, and the database that it comes from.
    private func subject() throws -> (RelevanceDatabase, FaceSheet.Subject) {
        if direct.direct, let phrase {
            let table = try DirectTable(
                phrase, direction, generator: generator, clip: clip, images: direct.images)
            return (table.database, subject(of: try table.answer()))
        }
        let database = try database.open(generator: generator.generator)
        if let channel { return (database, try subject(ofChannel: channel, in: database)) }
        let answer = try DirectionAnswer(
            phrase ?? "", direction, generator: generator, clip: clip, of: database,
            tunesStrength: alpha == .automatic)
        return (database, subject(of: answer))
    }

    /// α of the outermost columns where a number is given.
    private var strength: Float? { if case .value(let value) = alpha { value } else { nil } }

    private func subject(ofChannel channel: String, in database: RelevanceDatabase) throws
        -> FaceSheet.Subject
    {
        let (place, row) = try ChannelPlace.parse(channel, in: database)
        let position = database.channels.positions[row]
        var change = [Float](repeating: 0, count: database.channels.total)
        change[position] = database.statistics.deviation[position]
        let deviation = FixedDecimal.text(Double(change[position]), places: 4)
        return FaceSheet.Subject(
            title: "\(place), σ \(deviation)", change: change, kept: 1, strength: strength ?? 6)
    }

    private func title(of recipe: DirectionRecipe) -> String {
        let changes =
            recipe.plus.map { " plus \($0)" } + recipe.minus.map { " minus \($0)" }
            + recipe.without.map { ", \($0) left alone" }
        return "\(recipe.phrase)\(changes.joined()) instead of \(recipe.neutral)"
    }

    private func subject(of answer: DirectionAnswer) -> FaceSheet.Subject {
        if let remark = answer.recipe.remarkOnWords(for: answer.database.manifest) {
            StandardStream.error.writeLine(remark)
        }
        // β from a number of channels has many places.
        let threshold = (answer.direction.threshold * 1000).rounded() / 1000
        return FaceSheet.Subject(
            title: "\(title(of: answer.recipe)), β \(threshold), \(answer.direction.kept.count) channels",
            change: answer.direction.change, kept: answer.direction.kept.count,
            strength: strength ?? answer.tuning?.alpha ?? 6)
    }
}
