import Checkpoints
import Foundation
import Pictures
import Tensors
import TestSupport
import Testing

/// `optimise-latent`: faces in, a sheet, latents and figures out.
@Suite struct OptimisationCommandTests {
    private let tiny: TinyStore
    private let folder: TemporaryFolder

    init() throws {
        tiny = try TinyStore.built()
        folder = try TemporaryFolder()
    }

    private func optimise(_ arguments: [String]) throws -> RunningCommand.Result {
        let output = arguments.contains("--output") ? [] : ["--output", folder.file("sheet.png")]
        return try run("optimise-latent", ["tig"] + tiny.models + output + arguments)
    }

    /// w+ of three faces.
    private func latents(_ name: String = "w_plus.npy") throws -> String {
        var random = NumPyRandomState(seed: 5)
        try NumPyFile.write(Tensor(random.gaussians(144), shape: [3, 6, 8]), path: folder.file(name))
        return folder.file(name)
    }

    @Test func aSheetFiguresAndLatentsComeOfAFile() throws {
        let saved = folder.file("out.npy")
        let result = try optimise([
            "--latents", latents(), "--steps", "20", "--save-latents", saved, "--l2", "0.001",
        ])
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("“tig” in w+, λ 0.001, 20 steps") && result.output.contains(saved))
        #expect(result.error.contains("3 faces, 60 steps by"), "\(result.error)")
        // Three faces in five columns, enlarged to 128 pixels.
        let sheet = try Picture.read(path: folder.file("sheet.png"))
        #expect(sheet.width >= 5 * 128 && sheet.width < 6 * 128 && sheet.height >= 3 * 128)
        let found = try NumPyFile.read(path: saved)
        #expect(found.shape == [3, 6, 8])
        #expect(found != (try NumPyFile.read(path: latents())))
        // They are faces wherever faces are drawn.
        let preview = try run(
            "preview-direction",
            ["tig", "--beta", "0", "--steps", "1", "--latents", saved, "--output", folder.file("p.png")]
                + tiny.store)
        #expect(preview.status == 0 && preview.error.contains("3 faces"), "\(preview.error)")
    }

    @Test func threadsChangeNothing() throws {
        let saved = try [1, 2].map { threads in
            let path = folder.file("\(threads).npy")
            let result = try optimise([
                "--faces", "3", "--steps", "15", "--threads", "\(threads)", "--save-latents", path, "--quiet",
            ])
            #expect(result.status == 0 && result.error.isEmpty, "\(result.error)")
            return try NumPyFile.read(path: path)
        }
        #expect(saved[0] == saved[1])
    }

    @Test func codesInSComeBackAsTheyAreRead() throws {
        let saved = folder.file("s.npy")
        let first = try optimise(["--space", "s", "--faces", "2", "--steps", "10", "--save-latents", saved])
        #expect(first.status == 0, "\(first.error)")
        let styles = try NumPyFile.read(path: saved)
        #expect(styles.shape == [2, 64])
        let again = try optimise(["--space", "s", "--latents", saved, "--steps", "1", "--json"])
        #expect(again.status == 0, "\(again.error)")
        // Of S no w+ is known.
        expectRefusal(try optimise(["--latents", saved]), 65, saying: "codes in S")
    }

    @Test func aPictureIsGeneratedFreelyFromTheMeanLatent() throws {
        let result = try optimise(["--free", "--steps", "20", "--json"])
        #expect(result.status == 0, "\(result.error)")
        let answer = try #require(try result.objects().first)
        let face = try #require((answer["faces"] as? [[String: Any]])?.first)
        #expect(answer["l2"] as? Double == 0)
        let (before, after) = (face["similarityBefore"] as? Double, face["similarityAfter"] as? Double)
        #expect(try #require(after) > #require(before))
        #expect((face["losses"] as? [Double])?.count == 21)
        for other in [["--faces", "2"], ["--seed", "1"], ["--l2", "1"], ["--latents", try latents()]] {
            expectRefusal(try optimise(["--free"] + other), 64, saying: other[0])
        }
    }

    @Test func hostileLatentsAreRefused() throws {
        var broken = try NumPyFile.read(path: latents())
        broken[17] = .nan
        try NumPyFile.write(broken, path: folder.file("nan.npy"))
        expectRefusal(
            try optimise(["--latents", folder.file("nan.npy")]), 65, saying: "not finite at 17")
        try NumPyFile.write(Tensor(zeros: [3, 5, 8]), path: folder.file("other.npy"))
        expectRefusal(try optimise(["--latents", folder.file("other.npy")]), 65, saying: "[N, 6, 8]")
        try Data("not an array".utf8).write(to: URL(fileURLWithPath: folder.file("text.npy")))
        expectRefusal(try optimise(["--latents", folder.file("text.npy")]), 65, saying: "text.npy")
        expectRefusal(try optimise(["--latents", folder.file("none.npy")]), 66, saying: "none.npy")
    }

    @Test func aWalkOutOfTheFiniteNumbersIsBadData() throws {
        var far = try NumPyFile.read(path: latents())
        far[0] = 1e38
        try NumPyFile.write(far, path: folder.file("far.npy"))
        expectRefusal(
            try optimise(["--latents", folder.file("far.npy"), "--quiet"]), 65, saying: "image 0",
            "is not finite")
        #expect(!FileManager.default.fileExists(atPath: folder.file("sheet.png")))
    }

    @Test(arguments: [
        ["--steps", "0"], ["--steps", "-3"], ["--learning-rate", "0"], ["--learning-rate", "nan"],
        ["--l2", "-1"], ["--l2", "inf"], ["--faces", "0"], ["--faces", "65"], ["--space", "z"],
        ["--threads", "0"], ["--truncation", "9"], ["--output", "sheet.gif"], ["--save-latents", "w.npz"],
        ["--latents", "w.npy", "--seed", "3"],
    ])
    func whatMakesNoSenseIsAMatterOfUsage(arguments: [String]) throws {
        expectRefusal(try optimise(arguments), 64, saying: arguments[0])
    }

    @Test func whatCannotBeWrittenIsSaidBeforeTheWork() throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("folder.png"), withIntermediateDirectories: false)
        for path in ["/nowhere/sheet.png", folder.file("folder.png")] {
            expectRefusal(try optimise(["--output", path]), 73, saying: "optimise-latent: ")
        }
        expectRefusal(
            try optimise(["--save-latents", "/nowhere/w.npy"]), 73, saying: "no folder /nowhere")
    }

    /// A signal ends it after the step at hand: nothing is drawn, and the best latents so far are kept where they are
    /// asked for.
    @Test(arguments: [true, false]) func anInterruptKeepsTheBestLatentsSoFar(saves: Bool) throws {
        let (sheet, saved) = (folder.file("sheet.png"), folder.file("best.npy"))
        let running = try RunningCommand(
            "optimise-latent",
            ["tig", "--faces", "3", "--threads", "1", "--steps", "100000", "--output", sheet] + tiny.models
                + (saves ? ["--save-latents", saved] : []))
        #expect(running.wait { running.error.contains("optimising") }, "\(running.error)")
        running.send(SIGINT)
        let result = running.wait()
        #expect(result.status == 130 && result.output.isEmpty, "\(result.error)")
        #expect(result.error.contains("stopped after ") && result.error.contains(" of 100000 steps"))
        #expect(!result.error.contains("goes on"))
        #expect(!FileManager.default.fileExists(atPath: sheet))
        #expect(FileManager.default.fileExists(atPath: saved) == saves)
        if saves { #expect(try NumPyFile.read(path: saved).shape == [3, 6, 8]) }
    }

    @Test func wordsThatTheEmbeddedCLIPNeverSawAreRemarkedOn() throws {
        let result = try run(
            "optimise-latent",
            ["a zebra crossing", "--faces", "1", "--steps", "1", "--output", folder.file("z.png")])
        #expect(result.status == 0 && result.error.contains("“crossing”"), "\(result.error)")
        #expect(!(try optimise(["--faces", "1", "--steps", "1"]).error.contains("shown drawn")))
    }

    @Test func helpHasExamples() throws {
        let help = try run("optimise-latent", ["--help"])
        #expect(help.status == 0 && help.output.contains("Examples:"))
    }
}
