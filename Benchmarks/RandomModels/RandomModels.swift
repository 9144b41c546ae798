import Checkpoints
import Foundation
import Tensors

/// Networks of the published sizes with random weights: what a sweep costs does not depend on what they have learned.
public enum RandomModels {
    /// Writes a StyleGAN2 of this resolution with NVIDIA's names and widths: 512 channels up to 64 × 64, then half as many
    /// for twice the resolution.
    public static func writeGenerator(path: String, resolution: Int) throws {
        var weights = RandomWeights()
        func width(_ resolution: Int) -> Int { min(512, 32_768 / resolution) }
        let latent = 512
        for layer in 0..<8 {
            // The mapping network's learning rate multiplier, 0.01, is put in on use.
            weights.add("mapping.fc\(layer).weight", [latent, latent], scale: 100)
            weights.add("mapping.fc\(layer).bias", [latent], scale: 0)
        }
        weights.add("mapping.w_avg", [latent], scale: 0)
        weights.add("synthesis.b4.const", [width(4), 4, 4])
        var side = 4
        var before = width(4)
        while side <= resolution {
            let channels = width(side)
            let convolutions = side == 4 ? [("conv1", before)] : [("conv0", before), ("conv1", channels)]
            for (name, inputs) in convolutions {
                let prefix = "synthesis.b\(side).\(name)."
                weights.add(prefix + "weight", [channels, inputs, 3, 3])
                weights.add(prefix + "bias", [channels], scale: 0.1)
                weights.add(prefix + "noise_const", [side, side])
                weights.add(prefix + "noise_strength", [], scale: 0.1)
                weights.add(prefix + "affine.weight", [inputs, latent])
                weights.add(prefix + "affine.bias", [inputs], scale: 0, around: 1)
            }
            let prefix = "synthesis.b\(side).torgb."
            weights.add(prefix + "weight", [3, channels, 1, 1], scale: 0.3)
            weights.add(prefix + "bias", [3], scale: 0)
            weights.add(prefix + "affine.weight", [channels, latent])
            weights.add(prefix + "affine.bias", [channels], scale: 0, around: 1)
            before = channels
            side *= 2
        }
        try SafetensorsFile.write(weights.tensors, path: path)
    }

    /// Half of a CLIP.
    public enum Tower {
        case image, text
    }

    /// Writes one encoder of ViT-B/32 with OpenAI's names, and the other as small as may be.
    /// Beside it stands its configuration.
    /// - Parameter tokens: As many as the merges make that the model is opened with.
    public static func writeCLIP(path: String, tokens: Int, tower: Tower = .image) throws {
        var weights = RandomWeights()
        let dimension = 512
        let (width, blocks) = tower == .image ? (768, 12) : (64, 1)
        weights.add("visual.conv1.weight", [width, 3, 32, 32], scale: 0.02)
        weights.add("visual.class_embedding", [width], scale: 0.04)
        weights.add("visual.positional_embedding", [50, width], scale: 0.04)
        weights.addNorm("visual.ln_pre", width)
        for block in 0..<blocks { weights.addBlock("visual.transformer.resblocks.\(block).", width) }
        weights.addNorm("visual.ln_post", width)
        weights.add("visual.proj", [width, dimension], scale: 0.04)
        let (textWidth, textBlocks) = tower == .text ? (512, 12) : (64, 1)
        weights.add("token_embedding.weight", [tokens, textWidth], scale: 0.02)
        weights.add("positional_embedding", [77, textWidth], scale: 0.01)
        for block in 0..<textBlocks { weights.addBlock("transformer.resblocks.\(block).", textWidth) }
        weights.addNorm("ln_final", textWidth)
        weights.add("text_projection", [textWidth, dimension], scale: 1 / Float(textWidth).squareRoot())
        weights.add("logit_scale", [], scale: 1)
        try SafetensorsFile.write(weights.tensors, path: path)
        // Weights do not tell which GELU they have; this is OpenAI's.
        try WholeFile.write(
            path: URL(fileURLWithPath: path).deletingPathExtension().path + ".json",
            contents: #"{"model_cfg": {"quick_gelu": true}}"#.utf8)
    }
}

/// Tensors by name: normal numbers of one seed, begun anew after a prime number of them.
private struct RandomWeights {
    var tensors: [String: Tensor] = [:]
    private let numbers: [Float]
    private var position = 0

    init() {
        var random = NumPyRandomState(seed: 1)
        numbers = random.gaussians(1_048_573)
    }

    mutating func add(_ name: String, _ shape: Shape, scale: Float = 1, around centre: Float = 0) {
        var tensor = Tensor(zeros: shape)
        tensor.withUnsafeMutableValues { values in
            for i in values.indices {
                values[i] = centre + scale * numbers[position]
                position += 1
                if position == numbers.count { position = 0 }
            }
        }
        tensors[name] = tensor
    }

    mutating func addNorm(_ name: String, _ width: Int) {
        add(name + ".weight", [width], scale: 0.1, around: 1)
        add(name + ".bias", [width], scale: 0.1)
    }

    mutating func addBlock(_ name: String, _ width: Int) {
        let scale = 1 / Float(width).squareRoot()
        addNorm(name + "ln_1", width)
        add(name + "attn.in_proj_weight", [3 * width, width], scale: scale)
        add(name + "attn.in_proj_bias", [3 * width], scale: 0.02)
        add(name + "attn.out_proj.weight", [width, width], scale: scale / 2)
        add(name + "attn.out_proj.bias", [width], scale: 0.02)
        addNorm(name + "ln_2", width)
        add(name + "mlp.c_fc.weight", [4 * width, width], scale: scale)
        add(name + "mlp.c_fc.bias", [4 * width], scale: 0.02)
        add(name + "mlp.c_proj.weight", [width, 4 * width], scale: scale / 4)
        add(name + "mlp.c_proj.bias", [width], scale: 0.02)
    }
}
