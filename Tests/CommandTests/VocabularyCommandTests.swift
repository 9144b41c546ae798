import Catalogue
import Checkpoints
import DirectionStore
import Foundation
import Pictures
import Tensors
import TestSupport
import Testing

/// Many phrases, word lists, the catalogue and its commands, as a shell sees them.
@Suite(.serialized) struct VocabularyCommandTests {
    private let tiny: TinyStore

    init() throws { tiny = try TinyStore.copied() }

    private func run(_ command: String, _ arguments: [String]) throws -> RunningCommand.Result {
        try RunningCommand.run(command, arguments + tiny.store)
    }

    private func succeed(_ command: String, _ arguments: [String]) throws -> RunningCommand.Result {
        try RunningCommand.succeed(command, arguments + tiny.store)
    }

    private func write(_ text: String, _ name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: tiny.file(name)))
        return tiny.file(name)
    }

    // MARK: Many phrases

    @Test func everyLineOfAFileHasItsAnswerAndItsOwnFault() throws {
        let long = String(repeating: "tig ", count: 60)
        let file = try write("tig\n\n!!!\n\(long)\ngit\n", "phrases.txt")
        let result = try run("query-direction", ["--phrases", file, "--beta", "0"])
        #expect(result.status == 65 && result.error.contains("1 of 4 phrases"), "\(result.error)")
        let answers = try result.objects()
        #expect(
            answers.map { $0["phrase"] as? String } == [
                "tig", "!!!", long.trimmingCharacters(in: .whitespaces), "git",
            ])
        #expect((answers[2]["error"] as? String)?.contains("tokens") == true)
        let alone = try succeed("query-direction", ["git", "--beta", "0", "--json"]).objects()[0]
        let (one, other) = (alone["largestRelevance"] as? Double, answers[3]["largestRelevance"] as? Double)
        #expect(abs(try #require(one) - (try #require(other))) < 1e-6)
    }

    @Test func bytesThatAreNoTextAreNamedWithLineAndOffset() throws {
        try Data(Array("tig\na".utf8) + [0xff, 0x0a]).write(to: URL(fileURLWithPath: tiny.file("bad.txt")))
        let result = try run("query-direction", ["--phrases", tiny.file("bad.txt"), "--beta", "0"])
        #expect(result.status == 65 && result.error.contains("line 2: byte 2 of the line, at offset 5"))
        #expect(try result.objects().count == 1)
    }

    /// A zero byte ends a phrase on its way to the encoder: what is behind it is no phrase of its own.
    @Test func aPhraseWithAZeroByteIsRefusedAndNoOtherTakesItsEmbedding() throws {
        let text = "tig\0git\nanig\ngit\n"
        let result = try run("query-direction", ["--phrases", try write(text, "zero.txt"), "--beta", "0"])
        #expect(result.status == 65 && result.error.contains("line 1: byte 4"), "\(result.error)")
        let list = try write("neutral: anig\ntig\0git\ngit\n", "zero-list.txt")
        #expect(try run("build-vocabulary", [list]).status == 65)
        func answer(_ phrase: String, _ store: [String]) throws -> Double? {
            let asked = ["query-direction", phrase, "--neutral", "tig tig", "--beta", "0", "--json"]
            return try RunningCommand.succeed(asked[0], asked.dropFirst() + store).objects()[0][
                "largestRelevance"] as? Double
        }
        let untouched = try TinyStore.built().store
        for phrase in ["git", "anig"] {
            let (one, other) = (try answer(phrase, tiny.store), try answer(phrase, untouched))
            #expect(abs(try #require(one) - (try #require(other))) < 1e-6)
        }
    }

    // MARK: Word lists and channels

    @Test func aListWhoseEmbeddingsAreGoneIsSaidToBe() throws {
        _ = try succeed("build-vocabulary", [try write("neutral: anig\ntig\ngit\n", "things.txt")])
        try DirectionStore.openOrCreate(path: tiny.file("store")).write { try $0.removeAll(from: .text) }
        for arguments in [["--all"], ["b16.conv1:3"]] {
            expectRefusal(
                try run("describe-channel", arguments), 66, saying: "no embedding of 'anig'",
                "build-vocabulary")
        }
    }

    @Test func aWordListIsEmbeddedAskedAndDescribesChannels() throws {
        let none = try run("query-direction", ["--from-vocabulary"])
        expectRefusal(none, 66, saying: "build-vocabulary")
        let list = try write("neutral: anig\n# comment\ntig\ngit\n", "things.txt")
        _ = try succeed("build-vocabulary", [list, "--quiet"])
        let answers = try succeed("query-direction", ["--from-vocabulary", "--beta", "0", "--json"]).objects()
        #expect(answers.map { $0["phrase"] as? String } == ["tig", "git"])
        #expect(answers.allSatisfy { $0["neutral"] as? String == "anig" })
        expectRefusal(
            try run("query-direction", ["--from-vocabulary", "--list", "nothing"]), 64, saying: "things")

        try NumPyFile.write(Tensor(zeros: [2, 6, 8]), path: tiny.file("w_plus.npy"))
        let sheet = tiny.file("channel.png")
        let drawing = ["--preview", sheet, "--latents", tiny.file("w_plus.npy")]
        let answer = try succeed("describe-channel", ["b16.conv1:3", "--json"] + drawing)
        #expect(try (2 * 128..<3 * 128).contains(Picture.read(path: sheet).height))
        let channel = try answer.objects()[0]
        let effects = ["more", "less"].flatMap { channel[$0] as? [[String: Any]] ?? [] }
        #expect(Set(effects.compactMap { $0["phrase"] as? String }) == ["tig", "git"])
        let asked = try succeed(
            "query-direction", ["tig", "--neutral", "anig", "--beta", "0", "--top", "99", "--json"]
        ).objects()
        let strongest = try #require(asked[0]["strongest"] as? [[String: Any]])
        let same = try #require(
            strongest.first { $0["layer"] as? String == "b16.conv1" && $0["channel"] as? Int == 3 })
        let described = try #require(effects.first { $0["phrase"] as? String == "tig" })
        for key in ["relevance", "standardError"] {
            let (one, other) = (same[key] as? Double, described[key] as? Double)
            #expect(abs(try #require(one) - (try #require(other))) < 1e-6)
        }
    }

    @Test func channelsAreFoundByTheirLabels() throws {
        _ = try succeed("build-vocabulary", [try write("neutral: anig\ntig\ngit\n", "things.txt")])
        expectRefusal(try run("find-channels", ["tig"]), 66, saying: "no catalogue")
        _ = try succeed("describe-channel", ["--all"])
        let found = try succeed("find-channels", ["ti", "--json", "--top", "5"]).objects()
        #expect(found.count == 5 && found.allSatisfy { $0["phrase"] as? String == "tig" })
        let sizes = found.compactMap { ($0["relevance"] as? Double).map(abs) }
        #expect(sizes == sizes.sorted(by: >) && sizes.count == 5)
        #expect(try succeed("find-channels", ["nothing"]).output.isEmpty)
    }

    @Test(arguments: [
        ("b16.conv9:0", "b16.conv0, b16.conv1"), ("b16.conv1:99", "0 to"), ("b16.torgb:0", "not swept"),
        ("b16.conv1", "layer:channel"), ("b16.conv1:x", "layer:channel"),
    ])
    func channelsThatAreNoneAreNamedWithTheNearest(channel: String, saying: String) throws {
        _ = try succeed("build-vocabulary", [try write("neutral: anig\ntig\n", "things.txt")])
        expectRefusal(try run("describe-channel", [channel]), 64, saying: saying)
    }

    // MARK: Saved directions

    @Test func aSavedDirectionIsFoundAndSurvivesItsCatalogue() throws {
        let query = ["tig", "--beta", "0.1", "--without", "git", "--save", "stripes on a tig", "--json"]
        let kept = try succeed("query-direction", query).objects()[0]["kept"] as? Int
        func listed(_ words: [String]) throws -> [[String: Any]] {
            try succeed("list-directions", words + ["--json"]).objects()
        }
        let saved = try #require(try listed(["stri"]).first)
        #expect(saved["phrase"] as? String == "tig" && saved["without"] as? [String] == ["git"])
        #expect(saved["threshold"] as? Double == 0.1 && saved["kept"] as? Int == kept)
        #expect(try listed(["nothing"]).isEmpty)

        // The catalogue is lost, then damaged: said so, and made anew from the database.
        let catalogue = tiny.file("catalogue.sqlite")
        try FileManager.default.removeItem(atPath: catalogue)
        expectRefusal(try run("list-directions", []), 66, saying: "no catalogue")
        #expect(try listed(["--rebuild"]).count == 1)
        try Data(repeating: 7, count: 9000).write(to: URL(fileURLWithPath: catalogue))
        expectRefusal(try run("list-directions", []), 65, saying: "damaged", "--rebuild")
        #expect(
            try succeed("query-direction", ["tig", "--beta", "0"]).error.isEmpty, "a query does without it")
        #expect(try listed(["--rebuild"]).first?["phrase"] as? String == "tig")
        #expect(FileManager.default.fileExists(atPath: catalogue + ".damaged"))

        // The database is lost: its directions are still listed, and the catalogue can be made anew.
        try FileManager.default.removeItem(atPath: tiny.file("store"))
        let orphan = try RunningCommand.run("list-directions", tiny.store)
        #expect(orphan.status == 0 && orphan.output.contains("its database is gone"), "\(orphan.error)")
        #expect(try listed(["--rebuild"]).count == 1)
        _ = try succeed("list-directions", ["--remove", "stripes on a tig"])
        #expect(try listed([]).isEmpty)
        expectRefusal(try run("list-directions", ["--remove", "x"]), 66, saying: "no direction is named")
    }

    @Test func aRangeFollowsTheStrengthAndEitherIsRemembered() throws {
        func saved(_ name: String) throws -> [Double] {
            let all = try succeed("list-directions", ["--json"]).objects()
            let one = try #require(all.first { $0["name"] as? String == name })
            return try ["strength", "lowStrength", "highStrength"].map { try #require(one[$0] as? Double) }
        }
        _ = try succeed("save-direction", ["tig", "--name", "plain", "--beta", "0.1"])
        #expect(try saved("plain") == [4, -4, 4])
        let options = ["--name", "mine", "--beta", "auto", "--alpha", "9", "--alpha-to", "10"]
        _ = try succeed("save-direction", ["tig"] + options)
        #expect(try saved("mine") == [9, -9, 10])
        _ = try succeed("save-direction", ["tig", "--name", "tuned", "--beta", "auto"])
        let tuned = try saved("tuned")
        #expect(tuned[1] == -tuned[0] && tuned[2] == tuned[0])
        _ = try succeed("query-direction", ["tig", "--beta", "0.1", "--alpha", "3", "--save", "asked"])
        #expect(try saved("asked") == [3, -3, 3])
    }

    /// Who removes a name means it; who loses the catalogue has what was saved last.
    @Test func aNameSavedFromTwoDatabasesGoesAndComesBackAsOne() throws {
        let short = ["--pairs", "2", "--statistics-samples", "50", "--threads", "1", "--quiet"]
        let other = ["--store", tiny.file("another")]
        _ = try RunningCommand.succeed("build-relevance", tiny.models + other + short + ["--seed", "5"])
        _ = try RunningCommand.succeed(
            "save-direction", ["git", "--name", "t", "--beta", "0.1"] + tiny.store)
        _ = try RunningCommand.succeed("save-direction", ["anig", "--name", "t", "--beta", "0.1"] + other)
        _ = try RunningCommand.succeed(
            "save-direction", ["tig", "--name", "t", "--beta", "0.1"] + tiny.store)
        try FileManager.default.removeItem(atPath: tiny.file("catalogue.sqlite"))
        let again = try succeed("list-directions", ["--rebuild", "--json"]).objects()
        #expect(again.map { $0["phrase"] as? String } == ["tig"])
        _ = try succeed("list-directions", ["--remove", "t"])
        #expect(try succeed("list-directions", ["--rebuild", "--json"]).objects().isEmpty)
    }

    @Test func aStrengthBeyondAnyIntegerIsStillListed() throws {
        _ = try succeed("save-direction", ["tig", "--beta", "0.1"])
        let catalogue = try Catalogue(folder: tiny.folder.path)
        var direction = try #require(try catalogue.direction(named: "tig"))
        (direction.lowStrength, direction.highStrength) = (-1e300, 9.5)
        try catalogue.save(direction)
        #expect(try succeed("list-directions", []).output.contains("α -1e+300…9.5"))
    }

    @Test func aCatalogueThatAnotherProgramHoldsIsSaidToBe() throws {
        _ = try succeed("save-direction", ["tig", "--name", "mine", "--beta", "0.1"])
        let catalogue = open(tiny.file("catalogue.sqlite"), O_RDWR)
        defer { close(catalogue) }
        // What SQLite locks where a writer is about to change the file: its PENDING, RESERVED and SHARED bytes.
        var lock = flock()
        (lock.l_type, lock.l_whence) = (Int16(F_WRLCK), Int16(SEEK_SET))
        (lock.l_start, lock.l_len) = (0x4000_0000, 512)
        #expect(fcntl(catalogue, F_SETLK, &lock) == 0)
        expectRefusal(try run("list-directions", []), 75, saying: "is held by another program")
        let saved = try run("save-direction", ["git", "--name", "other", "--beta", "0.1"])
        #expect(saved.status == 75 && saved.error.contains("is held by another program"), "\(saved.error)")
        _ = try succeed("query-direction", ["tig", "--beta", "0"])
        lock.l_type = Int16(F_UNLCK)
        #expect(fcntl(catalogue, F_SETLK, &lock) == 0)
        #expect(try succeed("list-directions", []).output.contains("mine"))
    }

    // MARK: Two directions

    @Test func aDirectionIsLikeItselfAndSharesEveryChannel() throws {
        let result = try succeed("compare-directions", ["tig", "tig tig", "--channels", "20", "--json"])
        let other = try result.objects()[0]
        #expect((other["shared"] as? Int ?? 0) + (other["onlyFirst"] as? Int ?? 0) == 20)
        #expect((other["shared"] as? Int ?? 0) + (other["onlySecond"] as? Int ?? 0) == 20)
        let same = try succeed("compare-directions", ["tig", "tig", "--json", "--beta", "0"]).objects()[0]
        for key in ["cosineInCLIP", "cosineInStyles"] {
            #expect(abs(try #require(same[key] as? Double) - 1) < 1e-6)
        }
        #expect(same["shared"] as? Int == 40 && same["onlyFirst"] as? Int == 0)
    }

    // MARK: Choices

    @Test func aNumberOfChannelsAndAConfidenceChooseWhatIsKept() throws {
        let few = try succeed("query-direction", ["tig", "--channels", "7", "--json"]).objects()[0]
        #expect(few["kept"] as? Int == 7)
        let all = try succeed("query-direction", ["tig", "--beta", "0.05", "--json"]).objects()[0]
        let sure = try run("query-direction", ["tig", "--beta", "0.05", "--confident", "0.95", "--json"])
        let kept = try #require(all["kept"] as? Int)
        let doubtful = try #require(all["doubtful"] as? Int)
        if kept == doubtful {
            expectRefusal(sure, 65, saying: "none with a confidence")
        } else {
            #expect(try sure.objects()[0]["kept"] as? Int == kept - doubtful, "\(sure.error)")
        }
        for arguments in [
            ["--channels", "0"], ["--channels", "3", "--beta", "0.1"], ["--confident", "1"], ["--plus", " "],
            ["--save", ""], ["--phrases", "x"], ["--confident", "0.95", "--channels", "3"], ["--alpha", "3"],
            ["--latents", "x.npy", "--alpha", "3", "--save", "x"], ["--templates", "x", "--save", "x"],
        ] {
            expectRefusal(try run("query-direction", ["tig"] + arguments), 64, saying: arguments[0])
        }
    }
}
