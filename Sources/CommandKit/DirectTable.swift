import CLIP
import Foundation
import NeuralLayers
import QuestionKit
import Relevance
import RelevanceDatabase
import StyleGAN
import Vocabulary

/// What `--direct` asks in the place of a database: gradients of a few images along the phrase.
public struct DirectTable {
    /// Samples behind σ: to about 2 %, which a direction's strength is not chosen more closely than.
    private static let statisticsSamples = 2000

    /// Knows this direction alone. It has no folder any more: it is gone when the program ends, however it ends.
    public let database: RelevanceDatabase
    private let phrase: String
    private let options: DirectionOptions

    /// - Throws: errors of the options and of the rooms below, each with an exit status.
    public init(
        _ phrase: String, _ options: DirectionOptions, generator: GeneratorOptions, clip: CLIPOptions,
        images: Int?
    ) throws {
        guard options.choice != nil else {
            throw OptionError("--beta auto asks a database; with --direct give --beta or --channels a number")
        }
        guard options.confident == nil else {
            throw OptionError(
                "--confident asks for a table's standard errors; with --direct there is no table")
        }
        self.phrase = phrase
        self.options = options
        let isEmbedded = generator.generator == nil
        let (generator, generatorRecord) = try generator.open()
        let (model, clipRecord) = try clip.open()
        let neutral = isEmbedded ? "animal face" : "a face"
        let recipe = options.recipe(phrase: phrase, neutral: neutral)
        let templates = try options.templates.map(Templates.load) ?? Templates.default
        // A small encoder's threads would wait for one another longer than they work.
        if model.configuration.text.width <= 256 { Threads.limit(to: 1) }
        let embeddings = try PromptEnsemble(templates: templates).embeddings(
            of: recipe.phrases, by: model.textEncoder())
        let text = try recipe.textDirection(embeddings)

        let settings = try SweepSettings(statisticsSamples: Self.statisticsSamples)
        let faces = try options.faces.styles(for: generator)
        if let faces, faces.shape[0] < 2 {
            throw OptionError(
                "--direct needs two faces or more, for what two share sets its scale; "
                    + "\(options.faces.latents ?? "the file") has \(faces.shape[0])")
        }
        let direct = DirectRelevance(generator, model, settings: settings, styles: faces)
        let statistics = try direct.statistics()
        let images = min(images ?? DirectOptions.defaultImages, faces?.shape[0] ?? .max)
        let reporter = ProgressReporter(quiet: false, json: false)
        let began = ContinuousClock.now
        let relevance = try direct.relevance(
            along: text, images: images, workers: ProcessInfo.processInfo.activeProcessorCount
        ) { done in
            // What is done at once needs no word about it.
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            guard seconds > 1 else { return }
            reporter.report(
                stage: "gradients", unit: "images", done: done, total: images, rate: Double(done) / seconds)
        }
        reporter.finish()

        let folder = FileManager.default.temporaryDirectory.path + "/direct-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try DirectDatabase.write(
            path: folder, relevance: relevance, along: text, statistics: statistics,
            manifest: Manifest(
                generator: generatorRecord, clip: clipRecord, layers: LayerRecord.layers(of: generator),
                dimension: model.configuration.dimension, settings: settings, precision: "float32",
                neutral: neutral, toolVersion: ProgramVersion.current, pairsAsked: images))
        database = try RelevanceDatabase(path: folder, keepsText: true)
        // Whoever asks finds the phrases' embeddings there, and need not encode them again.
        let ensemble = PhraseEmbeddings.name(of: templates)
        try database.keep(
            zip(recipe.phrases, embeddings).map { (key: TextKey(phrase: $0, ensemble: ensemble), values: $1) }
        )
    }

    /// The phrase's direction, cut to size as the options say; nothing is left to encode.
    public func answer() throws -> DirectionAnswer {
        try DirectionAnswer(phrase, options, clip: CLIPOptions.parse([]), of: database)
    }
}
