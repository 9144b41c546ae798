import Foundation
import Pictures
import TestSupport
import Testing

/// β and α that choose themselves, and many exports, as a shell sees them.
@Suite struct TuningCommandTests {
    private let tiny: TinyStore
    private let folder: TemporaryFolder

    init() throws {
        tiny = try TinyStore.built()
        folder = try TemporaryFolder()
    }

    private func object(_ command: String, _ arguments: [String]) throws -> [String: Any] {
        try #require(try RunningCommand.succeed(command, arguments + tiny.store).objects().first)
    }

    @Test func aChosenPointIsOneOfTheCurveAndWhatAQueryThenTakes() throws {
        let curve = folder.file("curve.png")
        let tuned = try object("tune-direction", ["tig", "--faces", "2", "--json", "--draw", curve])
        let points = try #require(tuned["curve"] as? [[String: Any]])
        let (beta, alpha) = (try #require(tuned["beta"] as? Double), try #require(tuned["alpha"] as? Double))
        let chosen = try #require(
            points.first { $0["beta"] as? Double == beta && $0["alpha"] as? Double == alpha })
        let gains = points.compactMap { $0["gain"] as? Double }
        #expect(gains.count == points.count && points.count.isMultiple(of: 7))
        #expect(try #require(chosen["gain"] as? Double) >= 0.9 * (try #require(gains.max())) - 1e-6)
        #expect(try Picture.read(path: curve).width > 300)

        // tune-direction's default is four faces, so the query is asked beside the same command without options.
        let same = try object("tune-direction", ["tig", "--json"])
        let query = try object("query-direction", ["tig", "--beta", "auto", "--json"])
        #expect(query["beta"] as? Double == same["beta"] as? Double)
        #expect(query["alpha"] as? Double == same["alpha"] as? Double)
    }

    @Test func aGivenNumberOfChannelsLeavesOnlyTheStrengthToBeChosen() throws {
        let query = try object("query-direction", ["tig", "--channels", "9", "--alpha", "auto", "--json"])
        #expect(query["kept"] as? Int == 9)
        #expect([1, 2, 3, 4, 6, 8, 10].contains(try #require(query["alpha"] as? Double)))
    }

    @Test func whatCannotBeTunedIsRefused() throws {
        let other = try TinyStore()
        try TinyModels.writeGenerator(path: other.file("other.safetensors"), seed: 77)
        let result = try RunningCommand.run(
            "tune-direction", ["tig", "--generator", other.file("other.safetensors")] + tiny.store)
        expectRefusal(result, 65, saying: "was built with the generator")
        for arguments in [["--faces", "0"], ["--draw", "a.gif"]] {
            let refused = try RunningCommand.run("tune-direction", ["tig"] + arguments + tiny.store)
            expectRefusal(refused, 64, saying: arguments[0])
        }
        let many = try RunningCommand.run(
            "query-direction", ["--phrases", "-", "--beta", "auto"] + tiny.store)
        expectRefusal(many, 64, saying: "one phrase")
    }

    @Test func aChannelIsDrawnAsItIsMoved() throws {
        let path = folder.file("channel.png")
        let drawn = try RunningCommand.run(
            "preview-direction",
            ["--channel", "b16.conv1:3", "--faces", "1", "--steps", "1", "--output", path] + tiny.store)
        #expect(drawn.status == 0 && drawn.error.contains("1 of 40 channels"), "\(drawn.error)")
        #expect(try Picture.read(path: path).width > 300)
    }

    @Test func manyDirectionsGoIntoAFolderAFileEach() throws {
        let copy = try TinyStore.copied()
        let list = copy.file("things.txt")
        try Data("neutral: anig\ntig\nTIG!\ngit\n".utf8).write(to: URL(fileURLWithPath: list))
        for (command, arguments) in [
            ("build-vocabulary", [list]), ("save-direction", ["tig", "--name", "My tig", "--beta", "0.1"]),
        ] {
            let made = try RunningCommand.run(command, arguments + copy.store)
            #expect(made.status == 0, "\(made.error)")
        }
        for (option, names) in [
            ("--vocabulary", ["things-git.json", "things-tig-2.json", "things-tig.json"]),
            ("--all-saved", ["my-tig.json"]),
        ] {
            let out = copy.file("out" + option)
            let result = try RunningCommand.run(
                "export-direction",
                [option, "--format", "json", "--output", out] + copy.store
                    + (option == "--vocabulary" ? ["--beta", "0"] : []))
            #expect(result.status == 0, "\(result.error)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == names)
            for name in names {
                let data = try Data(contentsOf: URL(fileURLWithPath: out + "/" + name))
                let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
                let manifest = try #require(file["manifest"] as? [String: Any])
                let database = try #require(manifest["database"] as? [String: Any])
                #expect(database["generator"] is [String: Any] && database["clip"] is [String: Any])
                #expect(
                    manifest["phrase"] is String && manifest["neutral"] is String
                        && manifest["beta"] is Double)
            }
        }
    }
}
