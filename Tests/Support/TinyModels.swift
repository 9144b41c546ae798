import Checkpoints
import Tensors

/// Weights of the smallest networks that are read, random but always the same: for tests of what is done with models.
public enum TinyModels {
    /// Writes a generator of 16×16 pixels with NVIDIA's names.
    /// - Parameters:
    ///   - seed: Another seed is another generator.
    ///   - channels: Of every layer.
    public static func writeGenerator(path: String, seed: UInt32 = 1, channels: Int = 8) throws {
        var weights = Weights(seed: seed)
        let width = 8
        for layer in 0..<2 {
            weights.add("mapping.fc\(layer).weight", [width, width], scale: 100)
            weights.add("mapping.fc\(layer).bias", [width])
        }
        weights.add("mapping.w_avg", [width])
        weights.add("synthesis.b4.const", [channels, 4, 4])
        for side in [4, 8, 16] {
            for name in side == 4 ? ["conv1"] : ["conv0", "conv1"] {
                let prefix = "synthesis.b\(side).\(name)."
                weights.add(prefix + "weight", [channels, channels, 3, 3])
                weights.add(prefix + "bias", [channels])
                weights.add(prefix + "noise_const", [side, side])
                weights.add(prefix + "noise_strength", [], scale: 0.05)
                weights.add(prefix + "affine.weight", [channels, width])
                weights.add(prefix + "affine.bias", [channels])
            }
            let prefix = "synthesis.b\(side).torgb."
            weights.add(prefix + "weight", [3, channels, 1, 1])
            weights.add(prefix + "bias", [3])
            weights.add(prefix + "affine.weight", [channels, width])
            weights.add(prefix + "affine.bias", [channels])
        }
        try SafetensorsFile.write(weights.tensors, path: path)
    }

    /// Writes a CLIP of 8-wide embeddings with OpenAI's names, and the merges of its 518 tokens.
    public static func writeCLIP(path: String, merges: String, seed: UInt32 = 2, context: Int = 48) throws {
        var weights = Weights(seed: seed)
        let (width, dimension, patch) = (16, 8, 4)
        weights.add("visual.conv1.weight", [width, 3, patch, patch])
        weights.add("visual.class_embedding", [width])
        weights.add("visual.positional_embedding", [17, width])
        weights.addNorm("visual.ln_pre", width)
        weights.addBlock("visual.transformer.resblocks.0.", width)
        weights.addNorm("visual.ln_post", width)
        weights.add("visual.proj", [width, dimension])
        weights.add("token_embedding.weight", [518, width])
        weights.add("positional_embedding", [context, width])
        weights.addBlock("transformer.resblocks.0.", width)
        weights.addNorm("ln_final", width)
        weights.add("text_projection", [width, dimension])
        weights.add("logit_scale", [])
        try SafetensorsFile.write(weights.tensors, path: path)
        try WholeFile.write(path: merges, contents: "#version: 0.2\nt i\nti g\na n\nan i\n".utf8)
    }
}

/// Tensors by name, drawn from one stream.
private struct Weights {
    var tensors: [String: Tensor] = [:]
    private var random: NumPyRandomState

    init(seed: UInt32) { random = NumPyRandomState(seed: seed) }

    mutating func add(_ name: String, _ shape: Shape, scale: Float = 0.5) {
        tensors[name] = try? Tensor(random.gaussians(shape.count).map { $0 * scale }, shape: shape)
    }

    mutating func addNorm(_ name: String, _ width: Int) {
        add(name + ".weight", [width])
        add(name + ".bias", [width])
    }

    mutating func addBlock(_ name: String, _ width: Int) {
        addNorm(name + "ln_1", width)
        add(name + "attn.in_proj_weight", [3 * width, width])
        add(name + "attn.in_proj_bias", [3 * width])
        add(name + "attn.out_proj.weight", [width, width])
        add(name + "attn.out_proj.bias", [width])
        addNorm(name + "ln_2", width)
        add(name + "mlp.c_fc.weight", [4 * width, width])
        add(name + "mlp.c_fc.bias", [4 * width])
        add(name + "mlp.c_proj.weight", [width, 4 * width])
        add(name + "mlp.c_proj.bias", [width])
    }
}
