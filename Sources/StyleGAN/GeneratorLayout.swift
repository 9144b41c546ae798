/// What a published layout calls a generator's tensors, which are asked for by NVIDIA's names.
///
/// Sources of the facts: `training/networks.py` of stylegan2-ada-pytorch, `model.py` of rosinality's
/// stylegan2-pytorch. The two networks compute the same; rosinality's keeps the scale 1/√(9 I) of a modulated
/// convolution beside its weights, within the demodulation, where it changes nothing but the weight of ε.
enum GeneratorLayout: Hashable, Sendable {
    /// NVIDIA's own names, behind a prefix where the file holds more than the generator.
    case nvidia(prefix: String)
    case rosinality(prefix: String)

    /// Where generators lie within files: the averaged weights first.
    ///
    /// `decoder` is the generator inside a published encoder's file (pSp, e4e).
    private static let prefixes = [
        "", "g_ema.", "G_ema.", "generator_ema.", "state_dict.decoder.", "state_dict.", "decoder.",
        "generator.",
        "g.", "G.",
    ]

    /// The layout of tensors of these names, or nil where they are no generator's.
    init?(recognising contains: (String) -> Bool) {
        for prefix in Self.prefixes {
            if contains(prefix + "synthesis.b4.const") {
                self = .nvidia(prefix: prefix)
                return
            }
            if contains(prefix + "input.input"), contains(prefix + "conv1.conv.weight") {
                self = .rosinality(prefix: prefix)
                return
            }
        }
        return nil
    }

    /// The names under which the tensor may stand, the likeliest first; none where the layout has no such tensor.
    func names(of part: String) -> [String] {
        switch self {
        case .nvidia(let prefix): return [prefix + part]
        case .rosinality(let prefix):
            // The mean latent is not part of the network there: it lies beside it.
            if part == "mapping.w_avg" { return ["latent_avg", prefix + "latent_avg"] }
            return Self.rosinality(part).map { [prefix + $0] } ?? []
        }
    }

    /// ε of the demodulation for a convolution of `inputs` channels, with the weights as the file has them:
    /// 1/√(Σ (w s/√f)² + ε) w/√f = 1/√(Σ (w s)² + f ε) w.
    func demodulationEpsilon(inputs: Int) -> Float {
        switch self {
        case .nvidia: 1e-8
        case .rosinality: 1e-8 * Float(9 * inputs)
        }
    }

    private static func rosinality(_ part: String) -> String? {
        let fields = part.split(separator: ".").map(String.init)
        if part == "synthesis.b4.const" { return "input.input" }
        if fields.count == 3, fields[0] == "mapping", fields[1].hasPrefix("fc"),
            let index = Int(fields[1].dropFirst(2))
        {
            // The first of `style` is the normalisation.
            return "style.\(index + 1).\(fields[2])"
        }
        guard fields.count >= 4, fields[0] == "synthesis", fields[1].hasPrefix("b"),
            let resolution = Int(fields[1].dropFirst()), resolution >= 4
        else { return nil }
        // 8 × 8 is block 0 of those that come after 4 × 4.
        let block = resolution.trailingZeroBitCount - 3
        let isFirst = resolution == 4
        let rest = fields.dropFirst(3).joined(separator: ".")
        if fields[2] == "torgb" {
            let layer = isFirst ? "to_rgb1." : "to_rgbs.\(block)."
            return rest == "bias" ? layer + rest : layer + convolution(rest)
        }
        let index = 2 * block + (fields[2] == "conv0" ? 0 : 1)
        let layer = isFirst ? "conv1." : "convs.\(index)."
        switch rest {
        case "noise_const": return "noises.noise_\(isFirst ? 0 : index + 1)"
        case "noise_strength": return layer + "noise.weight"
        case "bias": return layer + "activate.bias"
        case "resample_filter": return fields[2] == "conv0" ? layer + "conv.blur.kernel" : nil
        default: return layer + convolution(rest)
        }
    }

    /// `weight`, `affine.weight` and `affine.bias` of a modulated convolution.
    private static func convolution(_ part: String) -> String {
        "conv." + (part.hasPrefix("affine.") ? "modulation." + part.dropFirst("affine.".count) : part)
    }
}
