import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import CLIP
@testable import Checkpoints

/// CLIPs as their sources lay them out: files, folders, configurations and tokenizers.
@Suite struct CLIPSourceTests {
    private let folder: TemporaryFolder
    private let weights: [String: Tensor]

    init() throws {
        folder = try TemporaryFolder()
        weights = try CLIPWeightsTests.weights()
        try write("merges.txt", "a b\nab c</w>\n")
    }

    private func write(_ name: String, _ text: String) throws {
        try WholeFile.write(path: folder.file(name), contents: text.utf8)
    }

    /// A configuration of the transformers library; 2 heads in the text tower, 4 in the other.
    private func writeConfiguration(activation: String) throws {
        try write(
            "config.json",
            """
            {"model_type": "clip", "projection_dim": 3,
             "text_config": {"hidden_act": "\(activation)", "num_attention_heads": 2},
             "vision_config": {"hidden_act": "\(activation)", "num_attention_heads": 4}}
            """)
    }

    private func expected(_ activation: ActivationFunction, imageHeads: Int) throws -> CLIPModel {
        try SafetensorsFile.write(weights, path: folder.file("expected.safetensors"))
        return try CLIPModel(
            checkpoint: .open(path: folder.file("expected.safetensors")),
            tokenizer: .open(path: folder.file("merges.txt")), textHeads: 2, imageHeads: imageHeads,
            activation: activation)
    }

    private func expectEqual(_ found: CLIPModel, _ expected: CLIPModel) throws {
        Threads.limit(to: 1)
        let texts = ["abc", "ab cd"]
        // Keys and values by one product or by two: they round alike but for the last bits.
        let distance = try relativeDistance(
            found.textEncoder().embed(texts), expected.textEncoder().embed(texts))
        #expect(distance < 1e-6)
        var random = NumPyRandomState(seed: 4)
        let images = try Tensor(random.gaussians(108), shape: [1, 3, 6, 6])
        #expect(
            try found.imageEncoder(batch: 1).embed(images) == expected.imageEncoder(batch: 1).embed(images))
    }

    @Test(arguments: [("gelu", ActivationFunction.gelu), ("quick_gelu", .quickGELU)])
    func aFolderOfTheTransformersLibraryIsReadByItsConfiguration(
        name: String, activation: ActivationFunction
    ) throws {
        try SafetensorsFile.write(
            CLIPWeightsTests.huggingFace(weights), path: folder.file("model.safetensors"))
        try writeConfiguration(activation: name)
        let model = try CLIPModel.open(path: folder.path, merges: folder.file("merges.txt"))
        #expect(
            model.configuration.image.heads == 4 && model.configuration.conventionsSource == "config.json")
        try expectEqual(model, expected(activation, imageHeads: 4))

        try write(
            "preprocessor_config.json", #"{"image_mean": [0.5, 0.25, 0], "image_std": [1, 2, 0.5]}"#)
        let coloured = try CLIPModel.open(path: folder.path, merges: folder.file("merges.txt")).configuration
        #expect(coloured.mean == [0.5, 0.25, 0] && coloured.deviation == [1, 2, 0.5])
        try write("preprocessor_config.json", #"{"image_mean": [0.5], "image_std": [1, 2, 0.5]}"#)
        #expect(throws: CLIPError.self) {
            try CLIPModel.open(path: folder.path, merges: folder.file("merges.txt"))
        }
    }

    @Test func anActivationThatIsNotKnownIsRefused() throws {
        try SafetensorsFile.write(
            CLIPWeightsTests.huggingFace(weights), path: folder.file("model.safetensors"))
        try writeConfiguration(activation: "gelu_new")
        #expect {
            try CLIPModel.open(path: folder.path, merges: folder.file("merges.txt"))
        } throws: { "\($0)".contains("gelu_new") }
        try write("config.json", "{\"text_config\": ")
        #expect {
            try CLIPModel.open(path: folder.path, merges: folder.file("merges.txt"))
        } throws: { "\($0)".contains("config.json") }
    }

    @Test func weightsInSeveralFilesAreOne() throws {
        let names = weights.keys.sorted()
        let parts = [names.prefix(9), names.dropFirst(9)]
        var places: [String] = []
        for (number, part) in parts.enumerated() {
            let file = "model-0000\(number + 1)-of-00002.safetensors"
            try SafetensorsFile.write(
                weights.filter { part.contains($0.key) }, path: folder.file(file))
            places += part.map { "\"\($0)\": \"\(file)\"" }
        }
        let index = "model.safetensors.index.json"
        try write(index, "{\"weight_map\": {\(places.joined(separator: ","))}}")
        let whole = try Checkpoint.open(path: folder.path)
        #expect(whole.names == names && whole.path == folder.file(index))
        for name in names { #expect(try whole.tensor(name) == weights[name]) }
        // The documented rule, through the fingerprint of a file that is the digests.
        let digests = try ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"].map {
            try Checkpoint.open(path: folder.file($0)).fingerprint
        }
        #expect(try whole.fingerprint == Fingerprint.sha256(of: Bytes(Array(digests.joined().utf8))))
        var altered = weights.filter { parts[1].contains($0.key) }
        altered[names[9], default: Tensor([0])][0] += 1
        try SafetensorsFile.write(altered, path: folder.file("model-00002-of-00002.safetensors"))
        #expect(try Checkpoint.open(path: folder.path).fingerprint != whole.fingerprint)

        // What an index may not do: name what is not there, or lead elsewhere.
        for (old, new) in [
            ("00002-of", "00009-of"), ("\"model-00001", "\"../model-00001"), (names[0], "other"),
        ] {
            try write(index, "{\"weight_map\": {\(places.joined(separator: ",").replacing(old, with: new))}}")
            #expect(throws: CheckpointError.self) { try Checkpoint.open(path: folder.file(index)) }
        }
    }

    /// The conventions of a file whose text tower has that width.
    private func conventions(textWidth: Int, prefix: String = "", marked: Bool = false) throws
        -> CLIPConventions
    {
        var tensors = weights
        tensors["token_embedding.weight"] = Tensor(zeros: [2, textWidth])
        if marked {
            for name in ["input_resolution", "context_length", "vocab_size"] { tensors[name] = Tensor([1]) }
        }
        let path = folder.file("clip.safetensors")
        try SafetensorsFile.write(
            Dictionary(uniqueKeysWithValues: tensors.map { (prefix + $0.key, $0.value) }), path: path)
        return try CLIPConventions(for: CLIPWeights(Checkpoint.open(path: path)))
    }

    @Test func theActivationIsNotGuessedWherePublishersDiffer() throws {
        #expect(try conventions(textWidth: 8).source == "assumed as OpenAI's")
        for prefix in ["", "state_dict.module."] {
            #expect {
                try conventions(textWidth: 512, prefix: prefix)
            } throws: { "\($0)".contains("GELU") && "\($0)".contains("open_clip_config.json") }
            let openAI = try conventions(textWidth: 512, prefix: prefix, marked: true)
            #expect(openAI.activation == .quickGELU && openAI.source == "OpenAI's own")
        }
        // What the message says helps.
        try write("open_clip_config.json", #"{"model_cfg": {"quick_gelu": true}}"#)
        #expect(try conventions(textWidth: 512).activation == .quickGELU)
        try write("open_clip_config.json", #"{"model_cfg": {}}"#)
        #expect(try conventions(textWidth: 512).activation == .gelu)
    }

    @Test(arguments: [
        "state_dict.model.", "_orig_mod.", "model_state_dict.", "state_dict.module.", "module.", "clip.",
    ])
    func aModelIsFoundBehindAPrefix(prefix: String) throws {
        for weights in [weights, try CLIPWeightsTests.huggingFace(weights)] {
            let saved = weights.map { (prefix + $0.key, $0.value) } + [("optimizer.step", Tensor([1]))]
            try SafetensorsFile.write(
                Dictionary(uniqueKeysWithValues: saved), path: folder.file("saved.safetensors"))
            let configuration = try CLIPModel.configuration(
                of: .open(path: folder.file("saved.safetensors")))
            #expect(configuration.dimension == 3)
        }
    }

    @Test func openCLIPsTrainingFileIsReadByItsConfiguration() throws {
        let saved = Dictionary(
            uniqueKeysWithValues: weights.map { ("state_dict.module." + $0.key, $0.value) })
        try SafetensorsFile.write(saved, path: folder.file("epoch_32.safetensors"))
        let merges = folder.file("merges.txt")
        try write(
            "open_clip_config.json",
            """
            {"model_cfg": {"embed_dim": 3, "quick_gelu": true, "vision_cfg": {"width": 8, "head_width": 2},
              "text_cfg": {"width": 8, "heads": 2}},
             "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.5, 1]}}
            """)
        let model = try CLIPModel.open(path: folder.file("epoch_32.safetensors"), merges: merges)
        #expect(model.configuration.activation == .quickGELU && model.configuration.image.heads == 4)
        #expect(model.configuration.mean == [0.5, 0.5, 0.5])
        #expect(model.configuration.deviation == [0.25, 0.5, 1])
        let texts = ["abc", "ab cd"]
        #expect(
            try model.textEncoder().embed(texts)
                == expected(.quickGELU, imageHeads: 4).textEncoder().embed(texts))
    }

    @Test func theWiderHeadsOfLargeImageTowersAreKnown() throws {
        var large = weights
        large["visual.conv1.weight"] = Tensor(zeros: [1280, 3, 14, 14])
        try SafetensorsFile.write(large, path: folder.file("large.safetensors"))
        let read = try CLIPWeights(Checkpoint.open(path: folder.file("large.safetensors")))
        #expect(try CLIPConventions(for: read).imageHeads == 16)
    }

    @Test func theTokenizersLibrarysFileGivesTheSameMerges() throws {
        let pairs = ["\"a b\",\"ab c</w>\"", "[\"a\",\"b\"],[\"ab\",\"c</w>\"]"]
        let texts = ["abc ab abcab", "b a", "a b c"]
        let lines = try Tokenizer.open(path: folder.file("merges.txt"))
        for merges in pairs {
            try write(
                "tokenizer.json",
                """
                {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "end_of_word_suffix": "</w>",
                 "vocab": {"a": 0}, "merges": [\(merges)]}}
                """)
            let tokenizer = try Tokenizer.open(path: folder.file("tokenizer.json"))
            #expect(tokenizer.vocabularySize == lines.vocabularySize)
            for text in texts { #expect(tokenizer.tokens(of: text) == lines.tokens(of: text)) }
        }
        try write("tokenizer.json", "{\"model\": {\"end_of_word_suffix\": null, \"merges\": []}}")
        #expect(throws: TokenizerError.self) { try Tokenizer.open(path: folder.file("tokenizer.json")) }
    }

    @Test func aTallPictureIsSeenWhole() throws {
        Threads.limit(to: 1)
        let model = try expected(.quickGELU, imageHeads: 4)
        // Twice as tall as wide: 12 × 6 becomes 6 × 3 in the middle of the square, colours kept.
        let preparation = try ImagePreparation(height: 12, width: 6, for: model.configuration)
        let rows = try Activations(rows: 10, width: 12)
        let image = [Float](repeating: 1, count: 3 * 72)
        image.withUnsafeBufferPointer { preparation.patches(of: $0, into: rows, row: 0) }
        var square = [Float](repeating: .nan, count: 3 * 36)
        for patch in 0..<9 {
            for i in 0..<12 {
                let (colour, y, x) = (i / 4, patch / 3 * 2 + i % 4 / 2, patch % 3 * 2 + i % 2)
                square[colour * 36 + y * 6 + x] = rows[row: patch + 1][i]
            }
        }
        for colour in 0..<3 {
            let white = (1 - ImagePreparation.mean[colour]) / ImagePreparation.deviation[colour]
            for y in 0..<6 {
                for x in 0..<6 {
                    let wanted = (1..<4).contains(x) ? white : 0
                    #expect(abs(square[colour * 36 + y * 6 + x] - wanted) < 1e-5, "\(colour) \(y) \(x)")
                }
            }
        }
    }
}
