import ArgumentParser
import CommandKit
import Editing
import Glibc
import NeuralLayers
import Relevance
import RelevanceDatabase
import StyleGAN

@main struct TuneDirection: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune-direction",
        abstract: "Choose β and α for a phrase by drawing a few faces and measuring what moves.",
        discussion: """
            Every β is tried at every α: how far CLIP sees the faces move to the phrase
            (gain), how far across it (drift), and how much the pixels change that
            change least (outside). Of those that gain at least 90 % of the most, the
            one with the least of the others is chosen. With --beta or --channels only
            α is.

            Examples:
              tune-direction "tiger"
              tune-direction "tiger" --draw curve.png
              query-direction "tiger" --beta auto      asks this command
            """,
        version: ProgramVersion.current)

    /// The strengths that are tried.
    private static let strengths: [Float] = [1, 2, 3, 4, 6, 8, 10]
    /// The number of thresholds that are tried, from few channels to half of them.
    private static let thresholds = 7

    @OptionGroup var phrase: PhraseOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions

    @Option(parsing: .unconditional, help: "The number of faces.")
    var faces = 4

    @Option(parsing: .unconditional, help: "The seed of the faces, as NumPy's RandomState takes it.")
    var seed: UInt32 = 0

    @Option(
        help: ArgumentHelp("Draw the curve, a .png or .jpg.", valueName: "file"), completion: .file())
    var draw: String?

    @Flag(help: "Answer in one line of JSON.")
    var json = false

    @Flag(help: "Show no progress.")
    var quiet = false

    func validate() throws {
        guard (1...64).contains(faces) else {
            throw ValidationError("--faces is \(faces); it must be from 1 to 64")
        }
        if let draw, ![".png", ".jpg", ".jpeg"].contains(where: draw.lowercased().hasSuffix) {
            throw ValidationError("--draw \(draw) must end in .png, .jpg or .jpeg")
        }
    }

    func run() throws {
        if let draw { try OutputFile.require(draw) }
        let database = try database.open(generator: generator.generator)
        let options = phrase.direction
        let embeddings = try PhraseEmbeddings(database, clip: clip, templates: options.templates)
        let recipe = options.recipe(phrase: phrase.phrase, neutral: database.manifest.neutral)
        if let remark = recipe.remarkOnWords(for: database.manifest) {
            StandardStream.error.writeLine(remark)
        }
        let text = try recipe.textDirection(embeddings.of(recipe.phrases))
        let tuning = try tuned(text, database)
        if let draw { try CurvePicture(tuning).drawn().write(path: draw) }
        let report = TuningReport(tuning, recipe)
        try StandardStream.output.write(json ? report.json() : report.text())
    }

    private func tuned(_ text: TextDirection, _ database: RelevanceDatabase) throws -> Tuning {
        let directions = try directions(for: text, database)
        let model = try clip.open(for: database)
        if model.configuration.image.width <= 256 { Threads.limit(to: 1) }
        let settings = database.manifest.settings
        let generator = try generator.open(for: database)
        let source: FaceSource =
            if let styles = try phrase.direction.faces.styles(for: generator) {
                .styles(styles)
            } else {
                .seed(seed, Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff))
            }
        let trial = try DirectionTrial(
            generator, model, faces: faces, from: source, strengths: Self.strengths)
        let progress = ProgressReporter(quiet: quiet || json, json: false)
        let began = ContinuousClock.now
        var curve: [Tuning.Point] = []
        let pictures = trial.count * Self.strengths.count
        for (number, direction) in directions.enumerated() {
            curve += try trial.outcomes(of: direction.change, along: text).map {
                Tuning.Point(
                    beta: direction.threshold, alpha: $0.strength, kept: direction.kept.count, gain: $0.gain,
                    drift: $0.drift, outside: $0.outside)
            }
            let done = (number + 1) * pictures
            progress.report(
                stage: "drawing", unit: "pictures", done: done, total: directions.count * pictures,
                rate: Double(done) / (began.duration(to: .now) / .seconds(1)))
        }
        guard let tuning = Tuning(curve: curve) else {
            let most = curve.map(\.gain).max() ?? 0
            throw OptionError(
                "no β and α that were tried move faces towards the phrase, the most by \(SignedNumber.text(most)): "
                    + "CLIP may not know it; give --beta and see",
                exitStatus: .badData)
        }
        return tuning
    }

    /// One direction for each threshold that is tried.
    private func directions(for text: TextDirection, _ database: RelevanceDatabase) throws -> [Direction] {
        let relevance = try database.relevance(to: text)
        let options = phrase.direction
        if options.beta != nil || options.channels != nil, let choice = options.choice {
            return [try database.direction(for: text, choice, relevance: relevance)]
        }
        let (few, many) = (min(8.0, Double(relevance.count)), Double(max(1, relevance.count / 2)))
        var found: [Direction] = []
        for step in 0..<Self.thresholds {
            let count = Int(few * pow(many / few, Double(step) / Double(Self.thresholds - 1)))
            guard let exact = Direction.threshold(keeping: max(1, count), of: relevance) else { continue }
            // Three places are enough to say a threshold; rounded down, it keeps the channels it is for.
            let threshold = (exact * 1000).rounded(.down) / 1000
            let choice = ChannelChoice(.threshold(threshold), confidence: options.confident)
            do {
                let direction = try database.direction(for: text, choice, relevance: relevance)
                if found.last?.kept != direction.kept { found.append(direction) }
            } catch RelevanceError.nothingSure {
                continue
            } catch RelevanceError.nothingFree {
                continue
            }
        }
        return found
    }
}
