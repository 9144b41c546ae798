import ArgumentParser
import BuildKit
import CommandKit
import RelevanceDatabase

@main struct MergeRelevance: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge-relevance",
        abstract: "Make one database of the parts that build-relevance --shard built.",
        discussion: """
            All parts must be there, finished, and of one build: the same weights,
            settings and number of pairs. The database has the same bits as one that
            was built at once; the parts stay as they are.

            Example, the parts on three machines:
              build-relevance --shard 1/3 --store part1
              build-relevance --shard 2/3 --store part2
              build-relevance --shard 3/3 --store part3
              merge-relevance part1 part2 part3 --store whole
            """,
        version: ProgramVersion.current)

    private struct Result: Encodable {
        let store: String
        let parts: Int
        let pairs: Int
        let channels: Int
    }

    @Argument(help: "The folders of the parts, in any order.", completion: .directory)
    var parts: [String]

    @OptionGroup var database: DatabaseOptions

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    @Flag(help: "The result as a line of JSON.")
    var json = false

    func run() throws {
        let merge = try DatabaseMerge(parts: parts, toolVersion: ProgramVersion.current)
        // As build-relevance names the database of a file's generator.
        let generator = merge.manifest.generator.name
        let path = database.path(generator: generator.hasPrefix("/") ? generator : nil)
        try merge.run(into: path)
        BuildCatalogue.record(databaseAt: path)
        let manifest = merge.manifest
        if let sets = manifest.instructionSets, sets.count > 1, !quiet {
            StandardStream.error.writeLine(
                "the parts were computed by processors of \(sets.joined(separator: " and ")): right to rounding, but "
                    + "not to the last bit what one machine would have built")
        }
        let result = Result(
            store: path, parts: parts.count, pairs: manifest.pairsAsked, channels: manifest.sweptChannels)
        if json {
            try StandardStream.output.write(JSONText.encode(result) + "\n")
        } else if !quiet {
            try StandardStream.output.write(
                "\(Terminal.printable(path)): \(result.pairs) pairs for each of "
                    + "\(ProgressReporter.grouped(result.channels)) channels, from \(result.parts) parts\n")
        }
    }
}
