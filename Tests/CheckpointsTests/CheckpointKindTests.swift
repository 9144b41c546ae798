import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct CheckpointKindTests {
    private static let cases: [(names: [String], kind: CheckpointKind)] = [
        (["synthesis.b4.const"], .styleGAN2(.nvidia)),
        (["input.input", "conv1.conv.weight"], .styleGAN2(.rosinality)),
        (["synthesis.input.weight", "synthesis.input.freqs"], .styleGAN3),
        (["synthesis.blocks.4x4.const"], .styleGAN1), (["b4.out.weight"], .discriminator),
        (["final_conv.0.weight", "final_linear.0.weight"], .discriminator),
        (
            ["vision_model.embeddings.class_embedding", "visual_projection.weight"],
            .clip(.huggingFace, isResNet: false)
        ),
        (["visual.class_embedding", "text_projection"], .clip(.openAI, isResNet: false)),
        (["visual.attnpool.positional_embedding", "text_projection"], .clip(.openAI, isResNet: true)),
        (["visual.class_embedding"], .clipTower("image")),
        (["text_model.embeddings.token_embedding.weight"], .clipTower("text")),
        (["vision_model.head.probe", "vision_model.embeddings.class_embedding"], .sigLIP),
        (["time_embed.0.weight", "input_blocks.0.0.weight"], .diffusion),
        (["encoder.conv_in.weight", "decoder.conv_in.weight"], .autoencoder),
        (["input_layer.0.weight", "styles.0.linear.weight"], .latentEncoder),
        (["input_layer.0.weight", "body.0.res_layer.1.weight"], .faceRecognition),
        (["blocks.0.attn.qkv.weight"], .visionTransformer), (["wte.weight"], .languageModel),
        (["course_mapping.mapping.1.weight"], .latentMapper),
        // Half of a mark, and marks that other letters precede, tell nothing.
        (["input.input"], .unknown), (["final_conv.0.weight"], .unknown),
        (["my_visual.class_embedding"], .unknown),
        (["visual.class_embedding.more"], .unknown), (["weight"], .unknown),
    ]

    private static func kind(_ tensors: [String: Tensor]) throws -> CheckpointKind {
        let folder = try TemporaryFolder()
        try SafetensorsFile.write(tensors, path: folder.file("a"))
        return try CheckpointKind(Checkpoint.open(path: folder.file("a")))
    }

    @Test(arguments: cases, ["", "module.", "state_dict.", "G_ema.", "a.b.c.d.e.f.g.h."])
    func namesTellTheKindBehindAnyPrefix(
        example: (names: [String], kind: CheckpointKind), prefix: String
    ) throws {
        let names = example.names.map { (prefix + $0, Tensor([1])) }
        #expect(try Self.kind(Dictionary(uniqueKeysWithValues: names)) == example.kind)
    }

    @Test func arraysAreToldByNameAndShape() throws {
        let latents = Tensor(zeros: [7, 3, 2])
        #expect(try Self.kind(["w": latents]) == .latents([7, 3, 2]))
        #expect(try Self.kind(["weight": latents]) == .unknown)
        #expect(try Self.kind(["array": Tensor(zeros: [3, 4])]) == .matrix([3, 4]))
        #expect(try Self.kind(["w": Tensor(zeros: [1, 2, 3, 4])]) == .unknown)
        #expect(
            try Self.kind(["0.0": Tensor([1]), "1.0": Tensor([2])]) == .styleStatistics)
        #expect(try Self.kind(["0.0": Tensor([1]), "1.0": Tensor([2, 3])]) == .unknown)
    }

    @Test func aNameOfManyPartsTakesNoQuadraticTime() throws {
        let checkpoint = try checkpoint(
            SafetensorsFileTests.bytes(
                "{" + SafetensorsFileTests.entry(String(repeating: ".", count: 200_000), "U8", "1", "0,1")
                    + "}", [1]))
        let start = processorSeconds
        #expect(CheckpointKind(checkpoint) == .unknown)
        // 11 s where every ending of it is looked up.
        #expect(processorSeconds - start < 1)
    }
}
