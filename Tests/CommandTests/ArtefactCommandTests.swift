import Checkpoints
import Foundation
import Pictures
import Tensors
import TestSupport
import Testing

/// What inspect-checkpoint, import-relevance and export-relevance do, and latents from files.
@Suite struct ArtefactCommandTests {
    private let tiny: TinyStore
    private let folder: TemporaryFolder

    init() throws {
        tiny = try TinyStore.built()
        folder = try TemporaryFolder()
    }

    @Test(arguments: ["inspect-checkpoint", "import-relevance", "export-relevance"])
    func helpHasExamples(command: String) throws {
        let help = try run(command, ["--help"])
        #expect(help.status == 0 && help.output.contains("Examples:"))
    }

    @Test func aDatabaseThatIsExportedAndImportedAnswersAsBefore() throws {
        let out = folder.file("npy")
        let export = try run("export-relevance", tiny.store + ["--output", out])
        #expect(export.status == 0, "\(export.error)")
        for known in [true, false] {
            let store = ["--store", folder.file("imported-\(known)")]
            let imported = try run(
                "import-relevance",
                [out + "/fs3.npy", "--statistics", out + "/S_mean_std"] + store + (known ? tiny.models : []))
            #expect(imported.status == 0, "\(imported.error)")

            // A CLIP that was named is remembered; one that was not is asked for.
            let question = ["tig", "--neutral", "an", "--beta", "0", "--output", "-", "--format", "csv"]
            if !known {
                expectRefusal(try run("export-direction", question + store), 64, saying: "--clip")
            }
            let found = try run(
                "export-direction", question + store + (known ? [] : Array(tiny.models[2...])))
            let expected = try run("export-direction", question + tiny.store)
            #expect(found.status == 0 && expected.status == 0, "\(found.error) \(expected.error)")
            // The first line says what it was made from.
            let rows = [found, expected].map { $0.output.split(separator: "\n").dropFirst() }
            #expect(rows[0].count > 50 && rows[0] == rows[1])

            let preview = try run(
                "preview-direction",
                ["tig", "--neutral", "an", "--beta", "0", "--faces", "1", "--output", folder.file("a.png")]
                    + store + (known ? [] : tiny.models))
            #expect(preview.status == 0, "\(preview.error)")
        }
    }

    @Test func anImportedDatabaseTakesNoMorePairs() throws {
        let out = folder.file("npy")
        _ = try run("export-relevance", tiny.store + ["--output", out])
        let store = ["--store", folder.file("imported")]
        let arguments = [out + "/fs3.npy", "--statistics", out + "/S_mean_std"] + store + tiny.models
        #expect(try run("import-relevance", arguments).status == 0)
        expectRefusal(try run("import-relevance", arguments), 65, saying: "holds a database already")
        let build = try run("build-relevance", tiny.models + store + TinyStore.short)
        #expect(build.status == 65 && build.error.contains("imported"), "\(build.error)")
    }

    @Test func whatCannotBeImportedIsRefused() throws {
        try NumPyFile.write(Tensor(zeros: [3, 8]), path: folder.file("fs3.npy"))
        try NumPyPickle.write([[[1, 2]], [[1, 2]]], path: folder.file("S_mean_std"))
        let arguments = [
            folder.file("fs3.npy"), "--statistics", folder.file("S_mean_std"), "--store", folder.file("s"),
        ]
        expectRefusal(try run("import-relevance", arguments), 65, saying: "1 layers", "3 rows")
        #expect(!FileManager.default.fileExists(atPath: folder.file("s")))
        expectRefusal(
            try run("import-relevance", [folder.file("none")] + arguments.dropFirst()), 66,
            saying: "no such file")
    }

    @Test func aFileIsSaidToHoldWhatItHolds() throws {
        let generator = try run("inspect-checkpoint", [tiny.file("generator.safetensors")])
        for words in ["StyleGAN2", "16 × 16", "8 8 8", "build-relevance --generator"] {
            #expect(generator.output.contains(words), "\(generator.output)")
        }
        let clip = try run("inspect-checkpoint", [tiny.file("clip.safetensors"), "--json"])
        for words in ["quick-GELU", "build-relevance --clip", "\"518, 48 a text\""] {
            #expect(clip.output.contains(words), "\(clip.output)")
        }
        let all = try run("inspect-checkpoint", [tiny.file("clip.safetensors"), "--tensors"])
        #expect(all.output.contains("visual.proj  float32 [16, 8]"))
        expectRefusal(
            try run("inspect-checkpoint", [tiny.file("merges.txt")]), 65, saying: "none of safetensors")
    }

    @Test func latentsOfAFileArePreviewed() throws {
        try NumPyFile.write(Tensor(zeros: [2, 6, 8]), path: folder.file("w_plus.npy"))
        let path = folder.file("sheet.png")
        let arguments = ["tig", "--beta", "0", "--steps", "1", "--output", path] + tiny.store
        let result = try run("preview-direction", arguments + ["--latents", folder.file("w_plus.npy")])
        #expect(result.status == 0 && result.error.contains("2 faces"), "\(result.error)")
        // Two equal latents make two equal rows; the label beside them differs.
        let sheet = try Picture.read(path: path)
        #expect(sheet.height >= 2 * 128 && sheet.height < 3 * 128)
        expectRefusal(
            try run("preview-direction", arguments + ["--latents", tiny.file("clip.safetensors")]), 65,
            saying: "no latents of this generator", "[N, 6, 8]")
    }

    @Test func latentsAreAcceptedWhereverFacesAreDrawn() throws {
        var random = NumPyRandomState(seed: 5)
        let named = ["--latents", folder.file("w.npy")]
        try NumPyFile.write(Tensor(random.gaussians(24), shape: [3, 8]), path: named[1])
        func answer(_ command: String, _ arguments: [String]) throws -> String {
            let result = try run(command, ["tig", "--json"] + arguments + tiny.store)
            #expect(result.status == 0, "\(command): \(result.error)")
            return result.output
        }
        func beta(_ text: String) throws -> Double? {
            try (JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])?["beta"] as? Double
        }
        // Three faces of the file, as many as are asked for by default at most, and others than a seed's.
        let tuned = try answer("tune-direction", named)
        #expect(try answer("tune-direction", named + ["--faces", "3"]) == tuned)
        #expect(try answer("tune-direction", ["--faces", "3"]) != tuned)
        #expect(try beta(answer("query-direction", named + ["--beta", "auto"])) == beta(tuned))
        for (command, arguments) in [
            ("query-direction", ["tig"]), ("export-direction", ["tig"]), ("save-direction", ["tig"]),
            ("compare-directions", ["tig", "git"]), ("describe-channel", ["b16.conv1:3"]),
        ] {
            let refused = try run(command, arguments + named + tiny.store)
            expectRefusal(refused, 64, saying: "--latents names faces to draw")
        }
    }
}
