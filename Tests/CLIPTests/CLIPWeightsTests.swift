import Checkpoints
import Foundation
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import CLIP

@Suite struct CLIPWeightsTests {
    /// A CLIP of random weights with OpenAI's names: 6×6 pixels in patches of 2, width 8, 516 tokens, 3 dimensions.
    static func weights() throws -> [String: Tensor] {
        var random = NumPyRandomState(seed: 11)
        var tensors: [String: Tensor] = [:]
        func add(_ name: String, _ shape: Shape) throws {
            tensors[name] = try Tensor(random.gaussians(shape.count).map { $0 / 3 }, shape: shape)
        }
        func addLayer(_ name: String, _ shape: Shape) throws {
            try add(name + ".weight", shape)
            try add(name + ".bias", [shape[0]])
        }
        for prefix in ["visual.", ""] {
            for layer in 0..<2 {
                let block = "\(prefix)transformer.resblocks.\(layer)."
                try add(block + "attn.in_proj_weight", [24, 8])
                try add(block + "attn.in_proj_bias", [24])
                try addLayer(block + "attn.out_proj", [8, 8])
                try addLayer(block + "mlp.c_fc", [20, 8])
                try addLayer(block + "mlp.c_proj", [8, 20])
                for norm in ["ln_1", "ln_2"] { try addLayer(block + norm, [8]) }
            }
        }
        for norm in ["visual.ln_pre", "visual.ln_post", "ln_final"] { try addLayer(norm, [8]) }
        try add("visual.class_embedding", [8])
        try add("visual.conv1.weight", [8, 3, 2, 2])
        try add("visual.positional_embedding", [10, 8])
        try add("visual.proj", [8, 3])
        try add("token_embedding.weight", [516, 8])
        try add("positional_embedding", [12, 8])
        try add("text_projection", [8, 3])
        return tensors
    }

    /// The same weights as the transformers library lays them out.
    static func huggingFace(_ weights: [String: Tensor]) throws -> [String: Tensor] {
        let renamed = [
            ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
            ("transformer.resblocks.", "text_model.encoder.layers."),
            ("visual.ln_pre", "vision_model.pre_layrnorm"), ("visual.ln_post", "vision_model.post_layernorm"),
            ("ln_final", "text_model.final_layer_norm"),
            ("visual.class_embedding", "vision_model.embeddings.class_embedding"),
            ("visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"),
            ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
            ("token_embedding", "text_model.embeddings.token_embedding"),
            ("positional_embedding", "text_model.embeddings.position_embedding.weight"),
        ]
        var result: [String: Tensor] = [:]
        for (name, tensor) in weights {
            if name == "visual.proj" || name == "text_projection" {
                var transposed = Tensor(zeros: [3, 8])
                for i in 0..<8 { for j in 0..<3 { transposed[j * 8 + i] = tensor[i * 3 + j] } }
                result[name == "visual.proj" ? "visual_projection.weight" : "text_projection.weight"] =
                    transposed
                continue
            }
            var new = name
            if let (old, prefix) = renamed.first(where: { name.hasPrefix($0.0) }) {
                new = prefix + name.dropFirst(old.count)
            }
            new = new.replacing("ln_1", with: "layer_norm1").replacing("ln_2", with: "layer_norm2")
                .replacing("mlp.c_fc", with: "mlp.fc1").replacing("mlp.c_proj", with: "mlp.fc2")
                .replacing("attn.out_proj", with: "self_attn.out_proj")
            guard let range = new.firstRange(of: "attn.in_proj_") else {
                result[new] = tensor
                continue
            }
            let count = tensor.count / 3
            for (part, projection) in ["q_proj", "k_proj", "v_proj"].enumerated() {
                let values = tensor.values[part * count..<(part + 1) * count]
                result[new[..<range.lowerBound] + "self_attn.\(projection)." + new[range.upperBound...]] =
                    try Tensor(values, shape: tensor.shape.rank == 1 ? [8] : [8, 8])
            }
        }
        return result
    }

    private static func model(
        _ tensors: [String: Tensor], activation: ActivationFunction = .quickGELU
    ) throws -> CLIPModel {
        let folder = try TemporaryFolder()
        try SafetensorsFile.write(tensors, path: folder.file("clip.safetensors"))
        return try CLIPModel(
            checkpoint: .open(path: folder.file("clip.safetensors")), tokenizer: tokenizer(),
            textHeads: 2, imageHeads: 2, activation: activation)
    }

    private static func tokenizer() throws -> Tokenizer {
        try Tokenizer(merges: Array("a b\nab c</w>\n".utf8))
    }

    @Test func sizesAreReadOffTheWeights() throws {
        let configuration = try Self.model(Self.weights()).configuration
        #expect(configuration.dimension == 3)
        #expect(configuration.imageResolution == 6 && configuration.patchSize == 2)
        #expect(configuration.contextLength == 12 && configuration.vocabularySize == 516)
        #expect(configuration.image.layers == 2 && configuration.text.width == 8)
        #expect(configuration.text.hiddenWidth == 20 && configuration.text.heads == 2)
    }

    @Test func bothLayoutsOfNamesGiveTheSameEmbeddings() throws {
        let weights = try Self.weights()
        let one = try Self.model(weights)
        let other = try Self.model(Self.huggingFace(weights))
        let prefixed = try Self.model(
            Dictionary(
                uniqueKeysWithValues: weights.map { name, tensor in
                    (name.hasPrefix("visual.") ? name : "text." + name, tensor)
                }))
        #expect(other.configuration == one.configuration)
        let texts = ["abc", "", "ab cd"]
        let images = try Tensor(NumPyRandomState.firstGaussians(2 * 108), shape: [2, 3, 6, 6])
        for model in [other, prefixed] {
            // Keys and values by one product or by two: they round alike but for the last bits.
            let distance = try relativeDistance(
                model.textEncoder().embed(texts), one.textEncoder().embed(texts))
            #expect(distance < 1e-6)
            let encoders = try (model.imageEncoder(batch: 2), one.imageEncoder(batch: 2))
            #expect(try encoders.0.embed(images) == encoders.1.embed(images))
        }
    }

    @Test func theActivationIsTheOneAskedFor() throws {
        let weights = try Self.weights()
        let quick = try Self.model(weights).textEncoder().embed(["abc"])
        let exact = try Self.model(weights, activation: .gelu).textEncoder().embed(["abc"])
        #expect(quick != exact)
        // The approximation differs from GELU by at most 0.021, here through two layers of small weights.
        for i in 0..<quick.count { #expect(abs(quick[i] - exact[i]) < 0.1) }
    }

    @Test func weightsInHalfPrecisionEmbedAsTheirValuesDo() throws {
        Threads.limit(to: 1)
        let folder = try TemporaryFolder()
        let merges = folder.file("merges.txt")
        try TinyModels.writeCLIP(path: folder.file("clip.safetensors"), merges: merges)
        try TinyModels.writeHalf(
            of: folder.file("clip.safetensors"), float32: folder.file("float32.safetensors"),
            float16: folder.file("float16.safetensors"))
        var random = NumPyRandomState(seed: 4)
        let image = try Tensor(random.gaussians(3 * 16 * 16), shape: [1, 3, 16, 16])
        let embeddings = try ["float32", "float16"].map { type in
            let model = try CLIPModel.open(path: folder.file("\(type).safetensors"), merges: merges)
            return try (
                model.textEncoder().embed(["tig", "an i"]), model.imageEncoder(batch: 1).embed(image)
            )
        }
        #expect(embeddings[0].0 == embeddings[1].0 && embeddings[0].1 == embeddings[1].1)
        #expect(embeddings[0].0.values.allSatisfy { $0.isFinite })
    }

    @Test func everyMissingTensorIsNamed() throws {
        let weights = try Self.weights()
        for name in weights.keys.sorted() {
            var fewer = weights
            fewer[name] = nil
            #expect { try Self.model(fewer) } throws: { "\($0)".contains(name) }
        }
    }

    @Test(arguments: [
        // LongCLIP's positions from 20 on, OpenCLIP's LayerScale, CoCa's token.
        "positional_embedding_res", "transformer.resblocks.1.ls_1.gamma",
        "visual.transformer.resblocks.0.ls_2.gamma",
        "visual.attn_pool.query",
    ])
    func aTensorThatWouldChangeWhatIsComputedIsRefused(name: String) throws {
        var more = try Self.weights()
        for name in [
            "logit_scale", "logit_bias", "visual.num_batches_tracked", "input_resolution", "attn_mask",
        ] {
            more[name] = Tensor([1])
        }
        #expect(try Self.model(more).configuration.dimension == 3)
        more[name] = Tensor([1])
        #expect { try Self.model(more) } throws: { "\($0)".contains(name) }
    }

    /// A file of 28 GB that takes a few kilobytes on the disk: its text tower is 3,100,000,000 wide.
    @Test func sizesWhoseProductsOverflowAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("clip.safetensors")
        let width = 3_100_000_000
        var shapes = try Self.weights().mapValues(\.shape.dimensions)
            .filter { !$0.key.contains("resblocks.1.") }
        shapes["token_embedding.weight"] = [1, width]
        shapes["positional_embedding"] = [1, width]
        shapes["text_projection"] = [width, 1]
        shapes["visual.proj"] = [8, 1]
        for name in ["ln_final", "transformer.resblocks.0.ln_1", "transformer.resblocks.0.ln_2"] {
            for part in ["weight", "bias"] { shapes["\(name).\(part)"] = [width] }
        }
        var members: [String] = []
        var end = 0
        for (name, shape) in shapes {
            let start = end
            end += shape.reduce(1, *)
            members.append(
                "\"\(name)\":{\"dtype\":\"U8\",\"shape\":\(shape),\"data_offsets\":[\(start),\(end)]}")
        }
        let header = Array("{\(members.joined(separator: ","))}".utf8)
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        try WholeFile.write(path: path, contents: length + header)
        #expect(truncate(path, 8 + header.count + end) == 0)
        try WholeFile.write(
            path: folder.file("clip.json"), contents: #"{"model_cfg": {"quick_gelu": true}}"#.utf8)
        #expect { try CLIPModel.configuration(of: .open(path: path)) } throws: {
            "\($0)".contains("a width of \(width) is beyond any CLIP")
        }
    }

    @Test func everyMisshapenTensorIsNamedWithBothShapes() throws {
        let weights = try Self.weights()
        for name in [
            "visual.transformer.resblocks.1.mlp.c_fc.bias", "ln_final.weight", "visual.class_embedding",
        ] {
            var bad = weights
            bad[name] = Tensor(zeros: [7])
            #expect { try Self.model(bad) } throws: { "\($0)".contains(name) && "\($0)".contains("[7]") }
        }
        var bad = weights
        bad["visual.positional_embedding"] = Tensor(zeros: [9, 8])
        #expect { try Self.model(bad) } throws: { "\($0)".contains("visual.positional_embedding") }
        bad = weights
        bad["token_embedding.weight"] = Tensor(zeros: [0, 8])
        #expect { try Self.model(bad) } throws: { "\($0)".contains("token_embedding.weight") }
    }

    @Test func anotherVocabularyIsRefused() throws {
        var weights = try Self.weights()
        weights["token_embedding.weight"] = Tensor(zeros: [517, 8])
        #expect { try Self.model(weights) } throws: { "\($0)".contains("517") && "\($0)".contains("516") }
    }
}

extension NumPyRandomState {
    fileprivate static func firstGaussians(_ count: Int) -> [Float] {
        var random = NumPyRandomState(seed: 1)
        return random.gaussians(count)
    }
}
