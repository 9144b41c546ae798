import ArgumentParser
import BuildKit
import CLIP
import Checkpoints
import CommandKit
import Foundation
import Relevance
import RelevanceDatabase
import StyleGAN

@main struct ImportRelevance: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-relevance",
        abstract: "Make a database of StyleCLIP's precomputed files: fs3.npy and S_mean_std.",
        discussion: """
            Queries need the CLIP that the table was made with, previews the generator;
            each is remembered where it is named here, or named when it is needed.

            Examples:
              import-relevance npy/ffhq/fs3.npy --statistics npy/ffhq/S_mean_std \\
                  --clip ViT-B-32.pt --generator ffhq.pkl --store store/ffhq
              query-direction "curly hair" --neutral "a face" --store store/ffhq
            """,
        version: ProgramVersion.current)

    @Argument(help: "∆i of every swept channel: a .npy of [channels, d].", completion: .file())
    var table: String

    @Option(
        help: ArgumentHelp(
            "Means and standard deviations of the styles, layer by layer: S_mean_std.", valueName: "file"),
        completion: .file())
    var statistics: String

    @OptionGroup var generator: GeneratorOptions
    @OptionGroup var clip: CLIPOptions

    @Option(
        help: ArgumentHelp("The database's folder, where none is yet.", valueName: "folder"),
        completion: .directory)
    var store: String

    @Option(help: "The phrase that queries lead away from unless told otherwise.")
    var neutral = "a face"

    @Option(parsing: .unconditional, help: "The images behind the table; the published ones have 100.")
    var pairs = SweepSettings.defaultPairs

    @Flag(help: "Say nothing of what was made.")
    var quiet = false

    func validate() throws {
        try DirectionOptions.requireVisible(neutral, as: "--neutral")
        let limit = Int(ChannelSums.pairLimit)
        guard (1...limit).contains(pairs) else {
            throw ValidationError("--pairs is \(pairs); it must be from 1 to \(limit)")
        }
        guard generator.classIndex == nil || generator.generator != nil else {
            throw ValidationError("--class is of a generator; name it with --generator")
        }
        guard !store.isEmpty else { throw ValidationError("--store is empty; it names a folder") }
    }

    func run() throws {
        let drawn = try generator.generator.map { _ in try generator.open() }
        let layers = drawn.map { LayerRecord.layers(of: $0.generator) }
        let published = try PublishedRelevance(
            table: .open(path: table), statistics: .open(path: statistics), layers: layers)
        var clipRecord = WeightsRecord.unknown
        if clip.clip != nil {
            let (model, record) = try clip.open()
            guard model.configuration.dimension == published.table.dimension else {
                throw OptionError(
                    "\(record.name) has embeddings of \(model.configuration.dimension) numbers, the table of "
                        + "\(published.table.dimension): it was made with another CLIP", exitStatus: .badData)
            }
            clipRecord = record
        }
        try published.makeDatabase(
            at: store, generator: drawn?.record ?? .unknown, clip: clipRecord,
            // As the released code has it: around the mean, α = 5.
            settings: SweepSettings(centre: .mean), pairs: pairs, neutral: neutral,
            toolVersion: ProgramVersion.current)
        BuildCatalogue.record(databaseAt: store)
        if !quiet {
            StandardStream.error.writeLine(
                "\(Terminal.printable(store)): \(ProgressReporter.grouped(published.table.channels)) channels × "
                    + "\(published.table.dimension), \(published.layers.count) layers")
        }
    }
}
