import ArgumentParser
import Catalogue
import CatalogueKit
import DatabaseReading
import Directions
import QuestionKit

@main struct DescribeChannel: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe-channel",
        abstract: "Which phrases a style channel makes pictures more and less like.",
        discussion: """
            The phrases are those of the word lists that build-vocabulary has embedded.

            Examples:
              describe-channel b8.conv0:43
              describe-channel b8.conv0:43 --preview channel.png
              describe-channel --all        label every channel, for find-channels
            """,
        version: ProgramVersion.current)

    /// Labels of a channel that the catalogue keeps.
    private static let labelsPerChannel = 5

    @Argument(help: ArgumentHelp("The channel, as query-direction names it.", valueName: "layer:channel"))
    var channel: String?

    @OptionGroup var database: DatabaseOptions

    @Option(help: ArgumentHelp("Only the phrases of this list; may be given again.", valueName: "name"))
    var list: [String] = []

    @Option(parsing: .unconditional, help: "How many phrases of each kind to show.")
    var top = 8

    @Option(
        help: ArgumentHelp("Draw faces with the channel moved, a .png or .jpg.", valueName: "file"),
        completion: .file())
    var preview: String?

    @OptionGroup var faces: LatentOptions

    @Flag(help: "Label every channel in the catalogue.")
    var all = false

    @Flag(help: "Answer in one line of JSON.")
    var json = false

    func validate() throws {
        guard (channel != nil) != all else {
            throw ValidationError("give a channel, as b8.conv0:43, or --all")
        }
        guard top >= 0 else { throw ValidationError("--top is \(top); it must not be negative") }
        guard !all || !json else {
            throw ValidationError("--json answers about one channel; leave it out with --all")
        }
        guard preview == nil || channel != nil else { throw ValidationError("--preview is for one channel") }
        try faces.require(preview != nil, "--preview")
    }

    func run() throws {
        let database = try database.open()
        let vocabulary = try VocabularyRelevance(database, lists: list)
        if let channel {
            let (place, row) = try ChannelPlace.parse(channel, in: database)
            let report = try ChannelReport(place, row: row, of: database, vocabulary, top: top)
            try StandardStream.output.write(json ? report.json() : report.text())
            if let preview { try ChannelPreview.draw(place, of: database, faces: faces, path: preview) }
        } else {
            try label(database, vocabulary)
        }
    }

    private func label(_ database: RelevanceDatabase, _ vocabulary: VocabularyRelevance) throws {
        let catalogue = try StoreCatalogue.opened(for: database)
        let labels = try ChannelLabels.make(database, vocabulary, perChannel: Self.labelsPerChannel)
        try catalogue.setLabels(labels, of: database.manifest.identity)
        StandardStream.error.writeLine(
            "\(ProgressReporter.grouped(database.channels.count)) channels are labelled with "
                + "\(vocabulary.phrases.count) phrases; find-channels searches them")
    }
}
