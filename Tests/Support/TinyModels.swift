import Checkpoints
import Tensors

/// Weights of the smallest networks that are read, random but always the same: for tests of what is done with models.
public enum TinyModels {
    /// Writes a generator of 16×16 pixels with NVIDIA's names.
    /// - Parameters:
    ///   - seed: Another seed is another generator.
    ///   - channels: Of every layer.
    public static func writeGenerator(
        path: String, seed: UInt32 = 1, channels: Int = 8, width: Int = 8, resolution: Int = 16
    ) throws {
        var weights = Weights(seed: seed)
        for layer in 0..<2 {
            weights.add("mapping.fc\(layer).weight", [width, width], scale: 100)
            weights.add("mapping.fc\(layer).bias", [width])
        }
        weights.add("mapping.w_avg", [width])
        weights.add("synthesis.b4.const", [channels, 4, 4])
        for side in [4, 8, 16, 32, 64] where side <= resolution {
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
    /// - Parameters:
    ///   - context: Tokens of the longest text.
    ///   - image: The width and layers of the image tower.
    public static func writeCLIP(
        path: String, merges: String, seed: UInt32 = 2, context: Int = 48,
        image: (width: Int, layers: Int) = (16, 1)
    ) throws {
        var weights = Weights(seed: seed)
        let (width, patch) = (image.width, 4)
        weights.add("visual.conv1.weight", [width, 3, patch, patch])
        weights.add("visual.class_embedding", [width])
        weights.add("visual.positional_embedding", [17, width])
        weights.addNorm("visual.ln_pre", width)
        for layer in 0..<image.layers { weights.addBlock("visual.transformer.resblocks.\(layer).", width) }
        weights.addNorm("visual.ln_post", width)
        weights.add("visual.proj", [width, dimension])
        try finishCLIP(&weights, path: path, merges: merges, context: context)
    }

    /// Writes the same with a ResNet for images.
    /// - Parameters:
    ///   - width: Channels behind the stem.
    ///   - blocks: Of each of the four stages.
    ///   - side: Of the last maps; a picture's is 32 times as long.
    public static func writeResidualCLIP(
        path: String, merges: String, width: Int, blocks: [Int], side: Int
    ) throws {
        var weights = Weights(seed: 3)
        let half = width / 2
        weights.addConvolution("visual.conv1", "visual.bn1", [half, 3, 3, 3])
        weights.addConvolution("visual.conv2", "visual.bn2", [half, half, 3, 3])
        weights.addConvolution("visual.conv3", "visual.bn3", [width, half, 3, 3])
        var inputs = width
        for (stage, count) in blocks.enumerated() {
            let middle = width << stage
            for block in 0..<count {
                let name = "visual.layer\(stage + 1).\(block)."
                weights.addConvolution(name + "conv1", name + "bn1", [middle, inputs, 1, 1])
                weights.addConvolution(name + "conv2", name + "bn2", [middle, middle, 3, 3])
                weights.addConvolution(name + "conv3", name + "bn3", [4 * middle, middle, 1, 1])
                if block == 0 {
                    weights.addConvolution(
                        name + "downsample.0", name + "downsample.1", [4 * middle, inputs, 1, 1])
                }
                inputs = 4 * middle
            }
        }
        weights.add("visual.attnpool.positional_embedding", [side * side + 1, inputs])
        for layer in ["q_proj", "k_proj", "v_proj", "c_proj"] {
            let outputs = layer == "c_proj" ? dimension : inputs
            weights.add("visual.attnpool.\(layer).weight", [outputs, inputs], scale: 0.01)
            weights.add("visual.attnpool.\(layer).bias", [outputs])
        }
        try finishCLIP(&weights, path: path, merges: merges, context: 48)
    }

    /// Writes the tensors of a file rounded to half precision: as float32, and as such (safetensors' F16).
    public static func writeHalf(of path: String, float32: String, float16: String) throws {
        let whole = try Checkpoint.open(path: path)
        var rounded: [String: Tensor] = [:]
        var members: [String] = []
        var data: [UInt8] = []
        for name in whole.names {
            let tensor = try whole.tensor(name)
            let halves = tensor.values.map { Float16($0) }
            rounded[name] = try Tensor(halves.map { Float($0) }, shape: tensor.shape)
            let start = data.count
            for half in halves { withUnsafeBytes(of: half.bitPattern.littleEndian) { data += $0 } }
            members.append(
                "\"\(name)\":{\"dtype\":\"F16\",\"shape\":\(tensor.shape),\"data_offsets\":[\(start),\(data.count)]}"
            )
        }
        try SafetensorsFile.write(rounded, path: float32)
        let header = Array("{\(members.joined(separator: ","))}".utf8)
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        try WholeFile.write(path: float16, contents: length + header + data)
    }

    private static let dimension = 8

    /// Adds a text tower, and writes all.
    private static func finishCLIP(
        _ weights: inout Weights, path: String, merges: String, context: Int
    ) throws {
        let width = 16
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

    /// With its batch normalisation, whose variance is 1.
    mutating func addConvolution(_ name: String, _ normalisation: String, _ shape: Shape) {
        add(name + ".weight", shape, scale: 1 / Float(shape.count / shape[0]).squareRoot())
        for part in ["weight", "bias", "running_mean"] { add("\(normalisation).\(part)", [shape[0]]) }
        tensors[normalisation + ".running_var"] = Tensor([Float](repeating: 1, count: shape[0]))
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
