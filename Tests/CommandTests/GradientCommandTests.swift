import Checkpoints
import Foundation
import Pictures
import RelevanceDatabase
import Tensors
import TestSupport
import Testing

/// `build-relevance --method gradient`, and what a query says of its table.
@Suite struct GradientCommandTests {
    private let tiny: TinyStore

    init() throws { tiny = try TinyStore() }

    private func build(_ arguments: [String]) throws -> RunningCommand.Result {
        try RunningCommand.run("build-relevance", tiny.models + tiny.store + TinyStore.short + arguments)
    }

    private func object(_ text: String) throws -> [String: Any] {
        let line = try #require(text.split(separator: "\n").last)
        return try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func aTableFromGradientsIsBuiltComparedAndSaidToBeOne() throws {
        let built = try build(["--method", "gradient", "--verify", "9", "--json"])
        #expect(built.status == 0, "\(built.error)")
        let result = try object(built.output)
        #expect(result["method"] as? String == "gradient")
        let agreement = try #require(result["agreement"] as? [String: Any])
        #expect(agreement["images"] as? Int == 2)
        #expect((agreement["layers"] as? [Any])?.count == 5)

        let answer = try RunningCommand.run("query-direction", ["tiger", "--beta", "0"] + tiny.store)
        #expect(answer.status == 0, "\(answer.error)")
        #expect(answer.output.contains("from gradients of 2 images, median cosine to true pairs"))

        // More images are added, a layer is taken from pairs, and pairs are kept apart.
        let more = try build(["--method", "gradient", "--verify", "0", "--pairs", "3"])
        #expect(more.status == 0, "\(more.error)")
        #expect(more.output.contains("derivatives of 3 images") && more.output.contains("not compared"))
        let repaired = try build(["--method", "gradient", "--pairs", "3", "--repair", "b8.conv0"])
        #expect(repaired.status == 0 && repaired.output.contains("from pairs: b8.conv0"), "\(repaired.error)")
        expectRefusal(try build(["--quiet"]), 65, saying: "method is gradient there and pairs here")
    }

    @Test func aTableFromGradientsHasTheSameBitsHoweverItIsBuilt() throws {
        func build(_ store: String, _ arguments: [String]) throws {
            let options = ["--method", "gradient", "--verify", "0", "--pairs", "5", "--quiet"]
            let built = try RunningCommand.run(
                "build-relevance",
                tiny.models + TinyStore.short + options + ["--store", tiny.file(store)] + arguments)
            try #require(built.status == 0, "\(built.error)")
        }
        try build("whole", [])
        try build("extended", ["--pairs", "2"])
        try build("extended", ["--threads", "2"])
        try expectSameBits(tiny.file("extended"), tiny.file("whole"))
        let parts = try (1...3).map { part in
            try build("part\(part)", ["--shard", "\(part)/3"])
            return tiny.file("part\(part)")
        }
        let merged = try RunningCommand.run(
            "merge-relevance", parts + ["--store", tiny.file("merged"), "--quiet"])
        #expect(merged.status == 0, "\(merged.error)")
        try expectSameBits(tiny.file("merged"), tiny.file("whole"))
        try build("layers", ["--layers", "b8"])
        try build("layers", [])
        try expectSameBits(tiny.file("layers"), tiny.file("whole"))
    }

    /// Layers that gradients get wrong are named with what mends them, and mended they are as pairs have them.
    @Test func whereTheTwoWaysDisagreeALayersRepairIsOffered() throws {
        // Steps far beyond what a derivative tells.
        let far = ["--alpha", "300"]
        let built = try build(["--method", "gradient", "--verify", "40", "--json"] + far)
        #expect(built.status == 0, "\(built.error)")
        let layers = try #require(
            (try object(built.output)["agreement"] as? [String: Any])?["layers"] as? [[String: Any]])
        let poor = layers.compactMap { layer -> String? in
            (layer["median"] as? Double ?? 0) < 0.9 ? layer["name"] as? String : nil
        }
        try #require(!poor.isEmpty, "\(layers)")
        let said = try build(["--method", "gradient", "--verify", "40"] + far)
        for name in poor { #expect(said.output.contains("--repair \(name)"), "\(said.output)") }

        let repaired = try build(["--method", "gradient"] + far + poor.flatMap { ["--repair", $0] })
        #expect(repaired.status == 0, "\(repaired.error)")
        let ofPairs = try build(far + ["--store", tiny.file("pairs")])
        #expect(ofPairs.status == 0, "\(ofPairs.error)")
        let pairs = try RelevanceDatabase(path: tiny.file("pairs"))
        let mended = try RelevanceDatabase(path: tiny.file("store"))
        let width = pairs.manifest.dimension
        var first = 0
        for layer in pairs.manifest.layers where layer.isSwept {
            let rows = first * width..<(first + layer.channels) * width
            first += layer.channels
            let (found, true_) = try (mended.table().rows.values[rows], pairs.table().rows.values[rows])
            #expect((found == true_) == poor.contains(layer.name), "\(layer.name)")
        }
    }

    @Test func aSketchOfMoreDirectionsThanThereAreIsRefused() throws {
        expectRefusal(
            try build(["--method", "gradient", "--sketch", "9", "--quiet"]), 64, saying: "--sketch is 9",
            "8 directions")
    }

    @Test func aDirectionIsFoundWithoutATable() throws {
        let answer = try RunningCommand.run(
            "query-direction",
            ["tiger", "--direct", "--images", "3", "--beta", "0", "--json"] + tiny.models)
        #expect(answer.status == 0, "\(answer.error)")
        let result = try object(answer.output)
        #expect(result["method"] as? String == "direct" && result["pairs"] as? Int == 3)
        #expect(result["channels"] as? Int == 40)

        // Of a file's faces there may be fewer than are asked for by default, and must be two.
        let latents = tiny.file("w.npy")
        var random = NumPyRandomState(seed: 6)
        try NumPyFile.write(Tensor(random.gaussians(24), shape: [3, 8]), path: latents)
        let question = ["tiger", "--direct", "--beta", "0", "--json", "--latents", latents] + tiny.models
        let other = try object(RunningCommand.run("query-direction", question).output)
        #expect(other["pairs"] as? Int == 3)
        #expect(other["largestRelevance"] as? Double != result["largestRelevance"] as? Double)
        try NumPyFile.write(Tensor(random.gaussians(8), shape: [1, 8]), path: latents)
        expectRefusal(
            try RunningCommand.run("query-direction", question), 64, saying: "two faces or more", latents)
        expectRefusal(
            try RunningCommand.run(
                "query-direction", ["tiger", "--direct", "--confident", "0.9"] + tiny.models), 64,
            saying: "--confident", "no table")
    }

    /// Exported, it is the answer that was shown; drawn, it is a sheet.
    @Test func whatWasFoundWithoutATableIsExportedAndDrawn() throws {
        let question = ["tiger", "--direct", "--images", "3", "--beta", "0"] + tiny.models
        let answer = try RunningCommand.run("query-direction", question + ["--json", "--top", "99"])
        let export = try RunningCommand.run(
            "export-direction", question + ["--output", "-", "--format", "json"])
        #expect(answer.status == 0 && export.status == 0, "\(answer.error) \(export.error)")
        let (shown, file) = try (object(answer.output), object(export.output))
        let layers = try #require(file["layers"] as? [String: [Double]])
        let strongest = try #require(shown["strongest"] as? [[String: Any]])
        #expect(strongest.count == 40)
        for channel in strongest {
            let (layer, place) = (channel["layer"] as? String ?? "", channel["channel"] as? Int ?? 0)
            let change = try #require(channel["change"] as? Double)
            #expect(abs((layers[layer]?[place] ?? .infinity) - change) < 1e-6 * max(1, abs(change)))
        }
        #expect(layers["b16.torgb"]?.allSatisfy { $0 == 0 } == true)
        let record = try #require((file["manifest"] as? [String: Any])?["database"] as? [String: Any])
        #expect(record["method"] as? String == "direct" && record["pairs"] as? Int == 3)

        let sheet = tiny.file("sheet.png")
        let preview = try RunningCommand.run(
            "preview-direction", question + ["--faces", "2", "--steps", "1", "--output", sheet])
        #expect(preview.status == 0, "\(preview.error)")
        // Two faces in three columns, enlarged to 128 pixels.
        let picture = try Picture.read(path: sheet)
        #expect(picture.width >= 3 * 128 && picture.height >= 2 * 128)
    }

    @Test(arguments: [
        ["tiger", "--images", "3"], ["tiger", "--direct", "--images", "1"],
        ["tiger", "--direct", "--store", "x"],
    ])
    func whatIsOfDirectAnswersAloneIsAMatterOfUsage(arguments: [String]) throws {
        for command in ["query-direction", "export-direction", "preview-direction"] {
            expectRefusal(try RunningCommand.run(command, arguments), 64, saying: "--")
        }
    }

    @Test(arguments: [
        ("query-direction", ["tiger", "--generator", "x.pkl"]),
        ("export-direction", ["tiger", "--generator", "x.pkl"]),
        ("export-direction", ["--all-saved", "--direct"]),
        ("preview-direction", ["--channel", "b16.conv1:3", "--direct"]),
        ("preview-direction", ["tiger", "--alpha", "auto", "--direct"]),
    ])
    func whatDoesNotGoTogetherIsAMatterOfUsage(command: String, arguments: [String]) throws {
        expectRefusal(try RunningCommand.run(command, arguments), 64, saying: "direct")
    }

    @Test func smallerPicturesHaveDerivativesToo() throws {
        let built = try build([
            "--method", "gradient", "--render-resolution", "8", "--verify", "24", "--json",
        ])
        #expect(built.status == 0, "\(built.error)")
        let result = try object(built.output)
        #expect(result["channels"] as? Int == 24)
        let agreement = try #require(result["agreement"] as? [String: Any])
        #expect((agreement["layers"] as? [Any])?.count == 3)
        expectRefusal(
            try build(["--method", "gradient", "--quiet"]), 65, saying: "render resolution is 8 there")
    }

    /// The embedded models' vocabulary is of a small world: a phrase of another loses more of its ∆t.
    @Test func aSketchSaysHowMuchItKeepsAndWhatAPhraseLoses() throws {
        let store = ["--store", tiny.file("sketched")]
        let built = try RunningCommand.run(
            "build-relevance",
            ["--method", "gradient", "--sketch", "24", "--pairs", "2", "--verify", "20"] + store
                + ["--statistics-samples", "500"])
        #expect(built.status == 0, "\(built.error)")
        let energy = try #require(
            built.output.firstMatch(of: /sketch: 24 directions hold ([0-9.]+) % of the vocabulary's ∆t/))
        let kept = try #require(Double(energy.1))
        #expect(kept > 80 && kept < 100)
        // Of pairs, too, only what lies along the sketch is compared.
        let cosine = try #require(built.output.firstMatch(of: /along the sketch\): median cosine ([0-9.]+)/))
        #expect(try #require(Double(cosine.1)) > 0.95)

        func lost(_ phrase: String) throws -> Double {
            let arguments = [phrase, "--beta", "0", "--neutral", "animal face"] + store
            let answer = try RunningCommand.run("query-direction", arguments)
            let share = try #require(
                answer.output.firstMatch(
                    of: /([0-9.]+) % of this phrase's ∆t lies outside of the table's sketch/),
                "\(answer.error)")
            let shown = try #require(Double(share.1))
            let json = try RunningCommand.run("query-direction", arguments + ["--json"])
            let inside = try #require(try object(json.output)["shareInSketch"] as? Double)
            #expect(abs(shown - 100 * (1 - inside)) < 0.06)
            return shown
        }
        let (inside, outside) = try (lost("tiger"), lost("xylophone of zinc"))
        #expect(inside < 20 && outside > 2 * inside)

        // The sketch is the database's: another one is refused, and the same goes on.
        let other = ["--pairs", "3", "--verify", "0", "--quiet"] + store + ["--statistics-samples", "500"]
        expectRefusal(
            try RunningCommand.run("build-relevance", ["--method", "gradient", "--sketch", "23"] + other), 65,
            saying: "sketch is 24 there and 23 here")
        let more = try RunningCommand.run(
            "build-relevance", ["--method", "gradient", "--sketch", "24"] + other)
        #expect(more.status == 0, "\(more.error)")
    }

    /// A restart has the sketch of what it is built for, not that of what it takes the place of.
    @Test func aRestartForAnotherNeutralPhraseHasItsOwnSketch() throws {
        func energy(_ store: String, _ neutral: String, _ options: [String]) throws -> Double {
            let arguments = ["--method", "gradient", "--sketch", "8", "--pairs", "1", "--verify", "0"]
            let result = try RunningCommand.succeed(
                "build-relevance",
                arguments + ["--statistics-samples", "50", "--json", "--quiet", "--neutral", neutral]
                    + options
                    + ["--store", tiny.file(store)])
            return try #require(try object(result.output)["sketchEnergy"] as? Double)
        }
        let before = try energy("store", "animal face", [])
        let (again, fresh) = try (
            energy("store", "white cat with blue eyes", ["--restart"]),
            energy("fresh", "white cat with blue eyes", [])
        )
        #expect(again == fresh && again != before)
    }

    /// One number of a layer's weights is none: whichever way rows come about, nothing of it reaches a sum.
    @Test(arguments: [
        ("generator.safetensors", "synthesis.b8.conv1.bias", "b8.conv1", ["--method", "gradient"]),
        ("generator.safetensors", "synthesis.b16.torgb.bias", "toRGB", ["--method", "gradient"]),
        (
            "clip.safetensors", "visual.transformer.resblocks.0.mlp.c_fc.bias", "block 0",
            ["--method", "gradient"]
        ),
        ("generator.safetensors", "synthesis.b8.conv1.bias", "b4.conv1", ["--method", "pairs"]),
    ])
    func damagedWeightsAreNamedWithLayerAndImage(
        file: String, tensor: String, layer: String, method: [String]
    ) throws {
        let whole = try Checkpoint.open(path: tiny.file(file))
        var tensors: [String: Tensor] = [:]
        for name in whole.names { tensors[name] = try whole.tensor(name) }
        #expect(tensors[tensor] != nil)
        tensors[tensor]?[1] = .nan
        try SafetensorsFile.write(tensors, path: tiny.file(file))
        expectRefusal(try build(method + ["--quiet"]), 65, saying: "image 0", layer)
        let asked = try RunningCommand.run("query-direction", ["tiger"] + tiny.store)
        #expect(asked.status != 0, "there is no table")
    }

    @Test(arguments: [
        ["--method", "slopes"], ["--verify", "3"], ["--repair", "b8.conv0"], ["--sketch", "2"],
        ["--method", "gradient", "--verify", "-1"], ["--method", "gradient", "--sketch", "0"],
        ["--method", "gradient", "--verify", "8", "--shard", "1/2"],
        ["--method", "gradient", "--centre", "mean"], ["--method", "gradient", "--repair", "b8.torgb"],
    ])
    func whatMakesNoSenseIsAMatterOfUsage(arguments: [String]) throws {
        expectRefusal(try build(arguments + ["--quiet"]), 64, saying: "build-relevance: ")
    }
}
