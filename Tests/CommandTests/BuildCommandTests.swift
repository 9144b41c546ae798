import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct BuildCommandTests {
    private let tiny: TinyStore

    init() throws { tiny = try TinyStore() }

    private func build(_ arguments: [String]) throws -> RunningCommand.Result {
        try RunningCommand.run("build-relevance", arguments + ["--quiet"])
    }

    /// A build whose generator is the file of these bytes.
    private func build(generator bytes: Data) throws -> RunningCommand.Result {
        let path = tiny.file("bad.safetensors")
        try bytes.write(to: URL(fileURLWithPath: path))
        return try build(["--generator", path] + tiny.models.suffix(2) + tiny.store)
    }

    private var generatorBytes: Data {
        get throws { try Data(contentsOf: URL(fileURLWithPath: tiny.file("generator.safetensors"))) }
    }

    @Test func mergesThatWereNamedAreFoundAgain() throws {
        let elsewhere = try TemporaryFolder()
        try FileManager.default.moveItem(
            atPath: tiny.file("merges.txt"), toPath: elsewhere.file("merges.txt"))
        expectRefusal(
            try build(tiny.models + tiny.store + TinyStore.short), 66, saying: "no merges", "--merges")
        let built = try build(
            tiny.models + tiny.store + TinyStore.short + ["--merges", elsewhere.file("merges.txt")])
        #expect(built.status == 0, "\(built.error)")
        let asked = try RunningCommand.run("query-direction", ["tig"] + tiny.store)
        #expect(asked.status == 0, "\(asked.error)")
    }

    // MARK: Numbers

    @Test(arguments: ["0", "-1", "1000000000"])
    func pairsOutOfRangeAreRefusedWithTheRange(pairs: String) throws {
        expectRefusal(try build(["--pairs", pairs]), 64, saying: "--pairs is \(pairs)", "from 1 to")
    }

    @Test(arguments: [
        ["--pairs", "many"], ["--pairs", "1e3"], ["--pairs", "99999999999999999999"], ["--alpha", "nan"],
        ["--alpha", "-1"], ["--truncation", "inf"], ["--seed", "-3"], ["--seed", "4294967296"],
        ["--statistics-samples", "1"], ["--threads", "0"], ["--memory", "-1"], ["--memory", "none"],
        ["--render-resolution", "17"], ["--centre", "left"],
        ["--resume", "--restart"], ["--neutral", " "], ["--store", ""], ["--nonsense"], ["stray"],
    ])
    func whatMakesNoSenseIsAMatterOfUsage(arguments: [String]) throws {
        expectRefusal(try build(arguments), 64, saying: "build-relevance: ")
    }

    // MARK: Paths and files

    @Test func aMissingFileIsNamed() throws {
        let path = tiny.file("none.safetensors")
        expectRefusal(try build(["--generator", path] + tiny.store), 66, saying: path, "no such file")
    }

    @Test func aFolderAndADeviceAreNoWeights() throws {
        expectRefusal(try build(["--generator", tiny.folder.path] + tiny.store), 66, saying: "is a folder")
        expectRefusal(try build(["--clip", "/dev/null"] + tiny.store), 66, saying: "pipe or device")
    }

    @Test func anEmptyFileIsRefused() throws {
        expectRefusal(try build(generator: Data()), 65, saying: "the file is empty")
    }

    @Test func aFileCutShortIsRefused() throws {
        let bytes = try generatorBytes
        for length in [5, 100, bytes.count / 2, bytes.count - 1] {
            expectRefusal(try build(generator: bytes.prefix(length)), 65, saying: "bad.safetensors")
        }
    }

    @Test func aFileWithMoreThanItsContentIsRefused() throws {
        expectRefusal(try build(generator: generatorBytes + [0, 0, 0]), 65, saying: "3 bytes too many")
    }

    @Test func aHeaderThatLiesIsRefused() throws {
        var long = try generatorBytes
        long.replaceSubrange(0..<8, with: Array(repeating: 0xff, count: 8))
        expectRefusal(try build(generator: long), 65, saying: "safetensors")

        let header = #"{"synthesis.b4.const":{"dtype":"F32","shape":[999999999,4,4],"data_offsets":[0,64]}}"#
        var lying = Data(withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) })
        lying += Data(header.utf8) + Data(count: 64)
        expectRefusal(try build(generator: lying), 65, saying: "synthesis.b4.const")
    }

    @Test func weightsOfAnotherShapeAreRefusedWithBothShapes() throws {
        let file = try Checkpoint.open(path: tiny.file("generator.safetensors"))
        var tensors = Dictionary(uniqueKeysWithValues: try file.names.map { ($0, try file.tensor($0)) })
        tensors["synthesis.b8.conv0.affine.bias"] = Tensor(zeros: [5])
        let path = tiny.file("misshapen.safetensors")
        try SafetensorsFile.write(tensors, path: path)
        expectRefusal(
            try build(["--generator", path] + tiny.store), 65, saying: "synthesis.b8.conv0.affine.bias",
            "[5]",
            "[8]")
    }

    @Test func modelsInEachOthersPlaceAreTold() throws {
        let (generator, clip) = (tiny.file("generator.safetensors"), tiny.file("clip.safetensors"))
        expectRefusal(try build(["--generator", clip] + tiny.store), 65, saying: "it looks like a CLIP")
        expectRefusal(
            try build(["--clip", generator, "--merges", tiny.file("merges.txt")] + tiny.store), 65,
            saying: "no CLIP")
    }

    @Test func mergesThatAreNotThereOrDoNotFitAreTold() throws {
        try FileManager.default.removeItem(atPath: tiny.file("merges.txt"))
        expectRefusal(try build(tiny.models + tiny.store), 66, saying: "--merges")
        try Data("#version\n".utf8).write(to: URL(fileURLWithPath: tiny.file("merges.txt")))
        expectRefusal(try build(tiny.models + tiny.store), 65, saying: "518")
    }

    // MARK: Stores

    @Test func aStoreOfOtherWeightsIsRefusedWithBothFingerprints() throws {
        #expect(try build(tiny.models + tiny.store + TinyStore.short).status == 0)
        let other = tiny.file("other.safetensors")
        try TinyModels.writeGenerator(path: other, seed: 99)
        let fingerprints = try [other, tiny.file("generator.safetensors")].map {
            try Checkpoint.open(path: $0).fingerprint
        }
        let result = try build(["--generator", other] + tiny.models.suffix(2) + tiny.store + TinyStore.short)
        expectRefusal(result, 65, saying: fingerprints[0], fingerprints[1], "--restart")
    }

    @Test func otherSettingsAreRefusedWithBothValues() throws {
        #expect(try build(tiny.models + tiny.store + TinyStore.short).status == 0)
        let result = try build(tiny.models + tiny.store + TinyStore.short + ["--alpha", "3"])
        expectRefusal(result, 65, saying: "α is 5.0 there and 3.0 here")
    }

    @Test func aFileOrAForeignFolderIsNoStore() throws {
        expectRefusal(
            try build(tiny.models + ["--store", tiny.file("merges.txt")]), 65, saying: "is not a store")
        let folder = tiny.file("foreign")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(repeating: 7, count: 9000).write(to: URL(fileURLWithPath: folder + "/data.mdb"))
        expectRefusal(try build(tiny.models + ["--store", folder]), 65, saying: folder)
    }

    @Test func aPlaceThatCannotBeWrittenIsRefused() throws {
        // Not even root makes a folder there.
        let result = try build(tiny.models + ["--store", "/proc/self/store"])
        #expect([73, 74].contains(result.status), "\(result.error)")
        #expect(result.error.contains("/proc/self/store"))
    }

    // MARK: Builds

    @Test func aBuildTellsItsResultToPeopleAndPrograms() throws {
        let people = try RunningCommand.run("build-relevance", tiny.models + tiny.store + TinyStore.short)
        #expect(people.status == 0, "\(people.error)")
        #expect(people.output.contains("2 pairs for each of 40 channels"))
        #expect(people.error.contains("sweep: 100 %"))

        let programs = try RunningCommand.run(
            "build-relevance", tiny.models + tiny.store + TinyStore.short + ["--json"])
        #expect(programs.status == 0, "\(programs.error)")
        let result = try JSONSerialization.jsonObject(with: Data(programs.output.utf8)) as? [String: Any]
        #expect(result?["pairs"] as? Int == 2 && result?["channels"] as? Int == 40)
        for line in programs.error.split(separator: "\n") {
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        }
    }

    @Test func aLogTellsOfStagesAndOfEachUnit() throws {
        let result = try RunningCommand.run(
            "build-relevance", tiny.models + tiny.store + TinyStore.short + ["--log-level", "debug"])
        #expect(result.status == 0, "\(result.error)")
        let lines = result.error.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("info: statistics sampled") })
        #expect(
            lines.contains { $0.hasPrefix("debug: unit swept images=") && $0.contains("b16.conv1") })
        #expect(lines.contains("info: table written channels=40 pairs=2"))
    }

    @Test func morePairsAreAddedAndARestartBeginsAnew() throws {
        #expect(try build(tiny.models + tiny.store + TinyStore.short).status == 0)
        let more = TinyStore.short.map { $0 == "2" ? "3" : $0 }
        let grown = try RunningCommand.run("build-relevance", tiny.models + tiny.store + more)
        #expect(
            grown.status == 0 && grown.output.contains("3 pairs for each of 40 channels"), "\(grown.error)")
        let restarted = try RunningCommand.run(
            "build-relevance", tiny.models + tiny.store + TinyStore.short + ["--restart", "--alpha", "3"])
        #expect(restarted.status == 0 && restarted.output.contains("2 pairs"), "\(restarted.error)")
    }

    @Test func theSecondHundredPairsMakeTheBitsOfTwoHundredAtOnce() throws {
        func options(_ pairs: Int, _ store: String) -> [String] {
            tiny.models
                + ["--pairs", "\(pairs)", "--statistics-samples", "50", "--store", tiny.file(store)]
        }
        #expect(try build(options(100, "grown")).status == 0)
        let more = try RunningCommand.run("build-relevance", options(200, "grown"))
        #expect(more.status == 0 && more.error.contains(" 4,000 pairs to sweep"), "\(more.error)")
        #expect(try build(options(200, "at once")).status == 0)
        try expectSameBits(tiny.file("grown"), tiny.file("at once"))
    }

    private static let endless = [
        "--pairs", "1000000", "--statistics-samples", "50", "--threads", "1", "--json",
    ]

    @Test func aSecondBuildOnOneStoreIsRefusedAndAnInterruptedOneGoesOn() throws {
        let first = try RunningCommand("build-relevance", tiny.models + tiny.store + Self.endless)
        #expect(first.wait { first.error.contains("\"sweep\"") }, "\(first.error)")
        expectRefusal(
            try build(tiny.models + tiny.store + TinyStore.short), 75,
            saying: "held by another build (process ")

        first.send(SIGINT)
        let stopped = first.wait()
        #expect(stopped.status == 130, "\(stopped.error)")
        #expect(stopped.error.contains("the same command goes on from there"))

        let early = try RunningCommand.run("query-direction", ["tig"] + tiny.store)
        expectRefusal(early, 65, saying: "is not finished")
        let rest = try build(tiny.models + tiny.store + TinyStore.short)
        #expect(rest.status == 0, "\(rest.error)")
    }

    @Test func aBuildThatIsInterruptedFinishesItsBlockAndGoesOnInTheSameBits() throws {
        let options = ["--pairs", "600", "--statistics-samples", "50", "--threads", "2"]
        let whole = tiny.file("whole")
        #expect(try build(tiny.models + options + ["--store", whole]).status == 0)
        let command = try RunningCommand("build-relevance", tiny.models + options + tiny.store + ["--json"])
        #expect(command.wait { command.error.contains("\"sweep\"") }, "\(command.error)")
        command.send(SIGINT)
        let stopped = command.wait()
        #expect(stopped.status == 130, "\(stopped.error)")
        #expect(stopped.error.contains(" of 600 pairs a channel; the same command goes on from there"))
        #expect(try build(tiny.models + options + tiny.store).status == 0)
        try expectSameBits(tiny.file("store"), whole)
    }

    @Test func aSignalThatWasIgnoredStaysIgnored() throws {
        let command = try RunningCommand(
            "build-relevance", tiny.models + tiny.store + Self.endless, ignoringInterrupts: true)
        #expect(command.wait { command.error.contains("\"sweep\"") }, "\(command.error)")
        command.send(SIGINT)
        let before = command.error.count
        #expect(command.wait { command.error.count > before }, "the build has ended: \(command.error)")
        #expect(!command.error.contains("stopping"))
        command.send(SIGTERM)
        #expect(command.wait().status == 130)
    }
}
