import Checkpoints
import Foundation
import Pictures
import TestSupport
import Testing

/// What query, export and preview answer, and what they refuse.
@Suite struct QuestionCommandTests {
    private let tiny: TinyStore
    private let folder: TemporaryFolder

    init() throws {
        tiny = try TinyStore.built()
        folder = try TemporaryFolder()
    }

    private static let commands = ["query-direction", "export-direction", "preview-direction"]

    // MARK: Bad input

    @Test(arguments: commands, ["", "   ", "\u{1B}\u{7}", "\u{200B}"])
    func aPhraseThatShowsNothingIsRefused(command: String, phrase: String) throws {
        expectRefusal(try run(command, [phrase] + tiny.store), 64, saying: "the phrase is empty")
    }

    @Test(arguments: commands)
    func aPhraseOfTenThousandCharactersIsTooLongAndNotEchoed(command: String) throws {
        let result = try run(command, [String(repeating: "tiger ", count: 1667)] + tiny.store)
        expectRefusal(result, 65, saying: "tokens", "at most 48")
        #expect(result.error.count < 400)
    }

    @Test(arguments: commands)
    func noPhraseIsAMatterOfUsage(command: String) throws {
        expectRefusal(try run(command, tiny.store), 64, saying: "phrase", "--help")
    }

    @Test(arguments: commands)
    func aPhraseWithoutQuotesIsToldOfThem(command: String) throws {
        expectRefusal(try run(command, ["curly", "hair"] + tiny.store), 64, saying: "'hair'", "in quotes")
    }

    @Test func aPathThatIsNoDatabaseIsToldForWhatItIs() throws {
        let file = tiny.file("merges.txt")
        expectRefusal(try run("query-direction", ["tig", "--store", file]), 65, saying: "it is a file")
        expectRefusal(
            try run("query-direction", ["tig", "--store", tiny.folder.path]), 65,
            saying: "a folder of them: store")
        expectRefusal(
            try run("query-direction", ["tig", "--store", tiny.file("none")]), 66, saying: "there is no store"
        )
    }

    @Test(arguments: commands, ["nan", "-0.1", "1.5", "inf", "x"])
    func thresholdsThatAreNoneAreRefused(command: String, beta: String) throws {
        expectRefusal(try run(command, ["tig", "--beta", beta] + tiny.store), 64, saying: "--beta")
    }

    @Test func aThresholdThatKeepsNothingSaysWhichWouldKeepHowMany() throws {
        let result = try run("query-direction", ["tig", "--beta", "1"] + tiny.store)
        expectRefusal(result, 65, saying: "the largest |R| is", "keeps 1,", "keeps 10")
    }

    @Test func aTemplateWithoutAPlaceIsRefusedWithItsLine() throws {
        let path = folder.file("templates.txt")
        try Data("# prompts\na {}\na photo\n".utf8).write(to: URL(fileURLWithPath: path))
        let result = try run("query-direction", ["tig", "--templates", path] + tiny.store)
        expectRefusal(result, 65, saying: "line 3", "{}")
    }

    @Test(arguments: commands)
    func aStoreThatIsNotThereIsRefused(command: String) throws {
        let path = folder.file("none")
        expectRefusal(
            try run(command, ["tig", "--store", path]), 66, saying: path, "build-relevance makes one")
    }

    @Test(arguments: commands)
    func aFolderThatIsNoStoreIsRefused(command: String) throws {
        try Data(repeating: 7, count: 9000).write(to: URL(fileURLWithPath: folder.file("data.mdb")))
        expectRefusal(try run(command, ["tig", "--store", folder.path]), 65, saying: folder.path)
        let file = tiny.file("merges.txt")
        let result = try run(command, ["tig", "--store", file])
        #expect([65, 66].contains(result.status) && result.error.contains(file), "\(result.error)")
    }

    @Test func anotherCLIPThanTheDatabasesIsRefusedWithBothFingerprints() throws {
        try TinyModels.writeCLIP(
            path: folder.file("clip.safetensors"), merges: folder.file("merges.txt"), seed: 77)
        let names = [folder.file("clip.safetensors"), tiny.file("clip.safetensors")]
        let fingerprints = try names.map { try Checkpoint.open(path: $0).fingerprint }
        let result = try run("query-direction", ["anig", "--clip", names[0]] + tiny.store)
        expectRefusal(result, 65, saying: fingerprints[0], fingerprints[1])
    }

    @Test func anotherGeneratorThanTheDatabasesIsRefused() throws {
        try TinyModels.writeGenerator(path: folder.file("g.safetensors"), seed: 77)
        let result = try run(
            "preview-direction",
            [
                "tig", "--beta", "0", "--generator", folder.file("g.safetensors"), "--output",
                folder.file("a.png"),
            ]
                + tiny.store)
        expectRefusal(result, 65, saying: "was built with the generator")
    }

    @Test func controlCharactersAreNeverEchoed() throws {
        for arguments in [
            ["tig\u{1B}[31m\r\u{7}", "--beta", "0"], ["tig", "--beta", "\u{1B}[31m"],
            ["tig", "\u{1B}]0;x\u{7}"],
            ["tig", "--store", "/none\u{1B}[2J\n"],
        ] {
            let result = try run(
                "query-direction", arguments + (arguments.contains("--store") ? [] : tiny.store))
            for scalar in (result.output + result.error).unicodeScalars {
                #expect(scalar.properties.generalCategory != .control || scalar == "\n")
            }
        }
    }

    @Test func outputThatCannotBeWrittenIsAnError() throws {
        let query = try RunningCommand.run(
            "query-direction", ["tig", "--beta", "0"] + tiny.store, output: "/dev/full")
        expectRefusal(query, 74, saying: "standard output cannot be written")
        for (command, ending) in [("export-direction", "npz"), ("preview-direction", "png")] {
            let arguments = ["tig", "--beta", "0"] + tiny.store
            let missing = folder.file("none/a.\(ending)")
            expectRefusal(try run(command, arguments + ["--output", missing]), 73, saying: "no folder")
            let taken = folder.file("folder.\(ending)")
            try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: true)
            expectRefusal(try run(command, arguments + ["--output", taken]), 73, saying: "is a folder")
            let readOnly = try run(command, arguments + ["--output", "/proc/self/a.\(ending)"])
            #expect([73, 74].contains(readOnly.status), "\(readOnly.error)")
        }
        let unknown = try run("export-direction", ["tig", "--output", "a.gif"] + tiny.store)
        expectRefusal(unknown, 64, saying: ".npz")
        let picture = try run("preview-direction", ["tig", "--output", "a.gif"] + tiny.store)
        expectRefusal(picture, 64, saying: ".png")
    }

    @Test(arguments: [
        ["--faces", "0"], ["--faces", "65"], ["--steps", "-1"], ["--alpha", "nan"], ["--seed", "x"],
    ])
    func sheetsThatCannotBeAreRefused(arguments: [String]) throws {
        expectRefusal(
            try run("preview-direction", ["tig"] + arguments + tiny.store), 64, saying: arguments[0])
    }

    /// What would be passed over without a word is refused instead.
    @Test(arguments: [
        ("export-direction", ["--all-saved", "--beta", "0.5"], "--beta"),
        ("export-direction", ["--all-saved", "--plus", "lion"], "--plus"),
        ("preview-direction", ["--channel", "b16.conv1:3", "--without", "cat"], "--without"),
        ("preview-direction", ["tig", "--latents", "w.npy", "--seed", "3"], "--latents"),
        ("preview-direction", ["tig", "--latents", "w.npy", "--truncation", "1"], "--latents"),
        ("describe-channel", ["--all", "--json"], "--json"),
        ("list-directions", ["x", "--remove", "y"], "--remove"),
        ("list-directions", ["--remove", "y", "--json"], "--remove"),
        ("save-direction", ["tig", "--templates", "x"], "--templates"),
    ])
    func optionsThatWouldHaveNoPartAreRefused(command: String, arguments: [String], option: String) throws {
        expectRefusal(try run(command, arguments + tiny.store), 64, saying: option)
    }

    @Test func aTableOfManyPhrasesShowsAsManyChannelsAsAreAskedFor() throws {
        let copy = try TinyStore.copied()
        try Data("neutral: anig\ntig\n".utf8).write(to: URL(fileURLWithPath: copy.file("things.txt")))
        _ = try RunningCommand.succeed("build-vocabulary", [copy.file("things.txt")] + copy.store)
        for (options, count) in [([], 3), (["--top", "5"], 5)] as [([String], Int)] {
            let asked = ["--from-vocabulary", "--beta", "0"] + options + copy.store
            let table = try RunningCommand.succeed("query-direction", asked).output
            #expect(table.matches(of: /b\d+\.conv\d:\d+ [+−]/).count == count, "\(table)")
        }
    }

    /// The build's generator is where the database says; elsewhere it has to be named, also for a query that draws.
    @Test func aGeneratorThatWasMovedIsAskedForAndTaken() throws {
        let copy = try TinyStore()
        _ = try RunningCommand.succeed(
            "build-relevance", copy.models + copy.store + TinyStore.short + ["--quiet"])
        let moved = copy.file("moved.safetensors")
        try FileManager.default.moveItem(atPath: copy.file("generator.safetensors"), toPath: moved)
        let sheet = ["--output", copy.file("sheet.png"), "--faces", "1", "--steps", "1"]
        expectRefusal(
            try run("preview-direction", ["tig", "--beta", "0"] + sheet + copy.store), 66,
            saying: copy.file("generator.safetensors"), "is not there any more; name it with --generator")
        let tuned = ["tig", "--beta", "auto"] + copy.store
        expectRefusal(try run("query-direction", tuned), 66, saying: "name it with --generator")
        _ = try RunningCommand.succeed("query-direction", tuned + ["--generator", moved])
    }

    // MARK: Answers

    @Test(
        arguments: commands + [
            "build-relevance", "embed-text", "build-vocabulary", "save-direction", "list-directions",
            "describe-channel", "find-channels", "compare-directions", "tune-direction",
        ])
    func helpHasExamplesAndGoesToStandardOutput(command: String) throws {
        let help = try run(command, ["--help"])
        #expect(help.status == 0 && help.error.isEmpty)
        #expect(help.output.contains("Examples:") && help.output.contains("USAGE: \(command)"))
        #expect(try run(command, ["--version"]).output == "1.0.0\n")
    }

    @Test func anAnswerIsTheSameWhenItIsKeptFromBefore() throws {
        let arguments = ["tig tig", "--beta", "0.01", "--json"] + tiny.store
        var answers: [[String: Any]] = []
        for _ in 0..<2 {
            let result = try run("query-direction", arguments)
            #expect(result.status == 0, "\(result.error)")
            let answer = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            answers.append(try #require(answer))
        }
        for key in ["kept", "channels"] {
            #expect(answers[0][key] as? Int == answers[1][key] as? Int && answers[0][key] is Int)
        }
        // A stored ∆t is brought to unit norm once more: its last bit may differ.
        let largest = try answers.map { try #require($0["largestRelevance"] as? Double) }
        #expect(abs(largest[0] - largest[1]) < 1e-6)
        #expect((answers[0]["strongest"] as? [Any])?.isEmpty == false)
    }

    @Test func peopleSeeChannelsByLayerInOrder() throws {
        let result = try run("query-direction", ["tig", "--beta", "0", "--top", "40"] + tiny.store)
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("of 40 channels kept at β = 0.0, largest |R| 0."))
        #expect(result.output.contains("ms, lookup"))
        let layers = ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1"]
        let places = layers.compactMap { result.output.range(of: $0 + "\n")?.lowerBound }
        #expect(places.count == 5 && places == places.sorted())
        #expect(!result.output.contains("torgb") && !result.output.contains("\u{1B}"))
    }

    @Test func everyFormatHoldsTheSameDirection() throws {
        var values: [String: [String: [Float]]] = [:]
        for format in ["npz", "safetensors", "json", "csv"] {
            let path = folder.file("a." + format)
            let result = try run("export-direction", ["tig", "--beta", "0.1", "--output", path] + tiny.store)
            #expect(result.status == 0, "\(result.error)")
            values[format] = try direction(path, format)
        }
        let reference = try #require(values["npz"])
        #expect(reference.count == 8)
        #expect(reference["b8.torgb"] == [Float](repeating: 0, count: 8))
        #expect(reference.values.contains { $0.contains { $0 != 0 } })
        // Every text is the shortest that reads back as the same float32.
        for format in ["safetensors", "json", "csv"] { #expect(values[format] == reference, "\(format)") }
    }

    private func direction(_ path: String, _ format: String) throws -> [String: [Float]] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        switch format {
        case "json":
            let object = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
            let manifest = try #require(object?["manifest"] as? [String: Any])
            #expect(manifest["phrase"] as? String == "tig" && manifest["alpha"] as? Double == 1)
            let layers = try #require(object?["layers"] as? [String: [Double]])
            return layers.mapValues { $0.map { Float($0) } }
        case "csv":
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(lines[0].hasPrefix("# manifest: {") && lines[1] == "layer,channel,relevance,change")
            var layers: [String: [Float]] = [:]
            for line in lines.dropFirst(2) {
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                layers[String(fields[0]), default: []].append(try #require(Float(fields[3])))
            }
            return layers
        default:
            let file = try Checkpoint.open(path: path)
            let manifest = try #require(file.metadata["manifest"])
            #expect(manifest.contains("\"phrase\":\"tig\""))
            // Where the weights lie is not told.
            #expect(!manifest.contains(tiny.folder.path))
            return Dictionary(uniqueKeysWithValues: try file.names.map { ($0, try file.tensor($0).values) })
        }
    }

    @Test func aSheetHasARowAFaceAndTheOriginalInTheMiddle() throws {
        let path = folder.file("sheet.png")
        let result = try run(
            "preview-direction",
            ["tig", "--beta", "0", "--faces", "2", "--steps", "1", "--alpha", "3", "--output", path]
                + tiny.store)
        #expect(result.status == 0, "\(result.error)")
        let sheet = try Picture.read(path: path)
        // Pictures of 16 pixels are enlarged to 128.
        #expect(sheet.width >= 3 * 128 && sheet.height >= 2 * 128 && sheet.height < 3 * 128)
    }
}
