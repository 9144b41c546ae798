import Foundation
import RelevanceDatabase
import TestSupport
import Testing

@Suite struct ShardCommandTests {
    private let tiny: TinyStore

    init() throws { tiny = try TinyStore() }

    private func build(
        _ store: String, _ options: [String], environment: [String: String] = [:]
    ) throws -> RunningCommand.Result {
        try RunningCommand.run(
            "build-relevance",
            tiny.models + TinyStore.short + ["--store", tiny.file(store), "--quiet"] + options,
            environment: environment)
    }

    @Test func partsThatTheCommandsBuildMakeTheBitsOfOneBuild() throws {
        #expect(try build("part1", ["--shard", "1/2"]).status == 0)
        let task = ["SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "4", "SLURM_ARRAY_TASK_STEP": "3"]
        let second = try build(
            "part2", ["--shard", "auto"], environment: task.merging(["SLURM_ARRAY_TASK_COUNT": "2"]) { $1 })
        #expect(second.status == 0, "\(second.error)")
        #expect(try build("at once", []).status == 0)

        let merged = try RunningCommand.run(
            "merge-relevance",
            [tiny.file("part2"), tiny.file("part1"), "--store", tiny.file("whole"), "--json"])
        #expect(merged.status == 0, "\(merged.error)")
        #expect(merged.output.contains("\"parts\":2"))
        try expectSameBits(tiny.file("whole"), tiny.file("at once"))

        let again = try RunningCommand.run(
            "merge-relevance", [tiny.file("part1"), tiny.file("part2"), "--store", tiny.file("whole")])
        expectRefusal(again, 73, saying: "there is a database")
        let half = try RunningCommand.run(
            "merge-relevance", [tiny.file("part1"), "--store", tiny.file("half")])
        expectRefusal(half, 65, saying: "part 2/2 is missing")
        let asked = try RunningCommand.run("query-direction", ["tiger", "--store", tiny.file("part1")])
        expectRefusal(asked, 65, saying: "part 1/2", "merge-relevance")
    }

    @Test func partsOfTwoKindsOfProcessorMakeADatabaseAndAWarning() throws {
        #expect(try build("part1", ["--shard", "1/2"]).status == 0)
        let second = try build("part2", ["--shard", "2/2"], environment: ["ONEDNN_MAX_CPU_ISA": "SSE41"])
        #expect(second.status == 0, "\(second.error)")
        let merged = try RunningCommand.run(
            "merge-relevance", [tiny.file("part1"), tiny.file("part2"), "--store", tiny.file("whole")])
        #expect(merged.status == 0)
        #expect(merged.error.contains("sse41") && merged.error.contains("right to rounding"))
    }

    @Test func layersAreSweptNowAndLater() throws {
        #expect(try build("some", ["--max-resolution", "8"]).status == 0)
        #expect(try RelevanceDatabase(path: tiny.file("some")).manifest.layersDone?.last == "b8.conv1")
        #expect(try build("some", ["--layers", "b16.conv1"]).status == 0)
        #expect(try build("some", []).status == 0)
        #expect(try build("all", []).status == 0)
        try expectSameBits(tiny.file("some"), tiny.file("all"))
        #expect(try RelevanceDatabase(path: tiny.file("some")).manifest.layersDone == nil)
    }

    @Test func channelsThatAreKnownGetNoMorePairsAndTheResultSaysHowMany() throws {
        let tolerance = ["--tolerance", "0.15", "--json"]
        let result = try build("known", ["--pairs", "100"] + tolerance)
        #expect(result.status == 0, "\(result.error)")
        struct Said: Decodable {
            let fewestPairs: Int
            let meanPairs: Double
        }
        let said = try JSONDecoder().decode(Said.self, from: Data(result.output.utf8))
        #expect(said.fewestPairs < 100 && said.meanPairs < 100, "\(said)")
        let known = try RelevanceDatabase(path: tiny.file("known"))
        let pairs = try #require(known.manifest.tolerance?.pairs)
        #expect(pairs.count == 40 && pairs.reduce(0, +) == Int((said.meanPairs * 40).rounded()))

        // What the tolerance promises, a standard error: the root mean square of the angles to the full table's rows.
        #expect(try build("full", ["--pairs", "100"]).status == 0)
        let full = try RelevanceDatabase(path: tiny.file("full")).table().rows
        let (rows, width) = (try known.table().rows, full.shape[1])
        let squares = pairs.indices.filter { pairs[$0] < 100 }.map { channel in
            let row = channel * width..<(channel + 1) * width
            let cosine = row.reduce(0.0) { $0 + Double(rows[$1]) * Double(full[$1]) }
            return pow(acos(min(1, cosine)), 2)
        }
        #expect((squares.reduce(0, +) / Double(squares.count)).squareRoot() <= 0.15)

        // Layer by layer, and with more pairs at most from time to time, it is the same.
        for options in [
            ["--layers", "b8", "--pairs", "30"], ["--max-resolution", "8", "--pairs", "45"],
            ["--pairs", "100"],
        ] {
            #expect(try build("slowly", options + tolerance).status == 0)
        }
        try expectSameBits(tiny.file("slowly"), tiny.file("known"))
        #expect(try RelevanceDatabase(path: tiny.file("slowly")).manifest.tolerance?.pairs == pairs)
    }

    @Test(arguments: [
        ["--shard", "3/2"], ["--shard", "auto"], ["--layers", "b4.torgb"], ["--layers", "b8,"],
        ["--max-resolution", "2"],
        ["--layers", "b8", "--max-resolution", "8"], ["--tolerance", "0"], ["--tolerance", "nan"],
        ["--tolerance", "2"], ["--tolerance", "0.1", "--shard", "1/2"],
        ["--tolerance", "0.1", "--method", "gradient"], ["--precision", "fp8"],
        ["--precision", "bf16", "--method", "gradient"],
    ])
    func partsAndLayersThatThereAreNotAreAMatterOfUsage(options: [String]) throws {
        let result = try build("none", options)
        #expect(result.status == 64, "\(result.error)")
        #expect((1...2).contains(result.error.split(separator: "\n").count), "\(result.error)")
    }

    /// An installed program puts databases where their generators' names say, merged ones as built ones.
    @Test func aMergedDatabaseIsNamedAfterItsGenerator() throws {
        _ = try build("part", ["--shard", "1/1"])
        let folder = tiny.file("installed")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let program = URL(fileURLWithPath: folder + "/merge-relevance")
        try FileManager.default.copyItem(
            at: URL(fileURLWithPath: RunningCommand.builtFolder + "/merge-relevance"), to: program)
        let process = Process()
        process.executableURL = program
        process.arguments = [tiny.file("part"), "--quiet"]
        process.environment = ["XDG_DATA_HOME": folder]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder + "/text-to-direction").contains(
                "generator"))
    }

    @Test func aSlurmTaskOutsideOfItsArrayIsRefused() throws {
        let task = ["SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "2"]
        expectRefusal(try build("none", ["--shard", "auto"], environment: task), 64, saying: "task 9")
    }
}
