import ArgumentParser
import CommandKit
import Foundation
import RelevanceDatabase

@main struct ExportRelevance: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-relevance",
        abstract: "Write a database as StyleCLIP's precomputed files: fs3.npy and S_mean_std.",
        discussion: """
            The published notebooks read both from npy/<name>/.

            Examples:
              export-relevance --store store/ffhq --output npy/ffhq
            """,
        version: ProgramVersion.current)

    @OptionGroup var database: DatabaseOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The folder to write both files into; made if it is not there.", valueName: "folder"),
        completion: .directory)
    var output: String

    @Flag(help: "Say nothing of what was written.")
    var quiet = false

    func validate() throws {
        guard !output.isEmpty else { throw ValidationError("--output is empty; it names a folder") }
    }

    func run() throws {
        let database = try RelevanceDatabase(path: database.path())
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        } catch {
            throw OptionError("the folder \(output) cannot be made", exitStatus: .cannotCreate)
        }
        try PublishedRelevance.write(database, folder: output)
        if !quiet {
            StandardStream.error.writeLine(
                "\(Terminal.printable(output)): fs3.npy "
                    + "[\(database.manifest.sweptChannels), \(database.manifest.dimension)], S_mean_std of "
                    + "\(database.manifest.layers.count) layers")
        }
    }
}
