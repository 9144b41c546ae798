import Checkpoints
import NeuralLayers

/// What a CLIP's weights alone do not tell: it stands in the source's configuration beside them, or follows from who
/// wrote the file.
struct CLIPConventions: Hashable, Sendable {
    /// The attention heads of the image tower; nil for one for every 64 of the width.
    var imageHeads: Int?
    /// The attention heads of the text tower; nil for one for every 64 of the width.
    var textHeads: Int?
    /// The activation within each block: quick-GELU in OpenAI's models, exact GELU in most of OpenCLIP's.
    var activation = ActivationFunction.quickGELU
    /// What each colour is normalised with.
    var mean = ImagePreparation.mean
    var deviation = ImagePreparation.deviation
    /// Where this comes from, for people.
    var source = "OpenAI's own"

    /// OpenCLIP's image towers whose heads are not 64 wide, by their width: H/14, g/14, bigG/14.
    private static let widerHeads = [1280: 16, 1408: 16, 1664: 16]

    /// Text towers of published CLIPs are no narrower; OpenAI's and OpenCLIP's have the same names and sizes, and another
    /// activation.
    private static let publishedWidth = 256
    /// What OpenAI's archives hold beside the weights, and no other's.
    private static let openAIMarks = ["input_resolution", "context_length", "vocab_size"]

    /// The conventions of a file: of the configuration beside it, else OpenAI's, where the file is OpenAI's or smaller
    /// than any that is published.
    /// - Throws: `CLIPError.notCLIP` where a configuration asks for what is not known here, or none tells the activation.
    init(for weights: CLIPWeights) throws(CLIPError) {
        self.init()
        let path = weights.checkpoint.path
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        imageHeads = Self.widerHeads[try weights.extents(of: weights.names.patches, rank: 4)[0]]
        let name = path.dropFirst(folder.count)
        let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
        for candidate in ["open_clip_config.json", "config.json", "\(stem).json"] {
            guard let json = try Self.json(folder + candidate) else { continue }
            if let model = json["model_cfg"] ?? (json["vision_cfg"] == nil ? nil : json) {
                try readOpenCLIP(model, weights)
                try readColours(json["preprocess_cfg"], mean: "mean", deviation: "std", weights)
            } else if json["text_config"] != nil || json["vision_config"] != nil {
                try readHuggingFace(json, weights)
                let preparation = try Self.json(folder + "preprocessor_config.json")
                try readColours(preparation, mean: "image_mean", deviation: "image_std", weights)
            } else {
                continue
            }
            source = candidate
            return
        }
        if Self.openAIMarks.allSatisfy({ weights.checkpoint.contains(weights.names.prefix + $0) }) { return }
        guard try weights.extents(of: weights.names.tokens, rank: 2)[1] < Self.publishedWidth else {
            throw weights.notCLIP(
                "the weights do not say whether GELU or quick-GELU they were trained with; put OpenCLIP's "
                    + "open_clip_config.json beside them (for weights of OpenAI, {\"model_cfg\": {\"quick_gelu\": true}})"
            )
        }
        source = "assumed as OpenAI's"
    }

    init(
        imageHeads: Int? = nil, textHeads: Int? = nil, activation: ActivationFunction = .quickGELU
    ) {
        self.imageHeads = imageHeads
        self.textHeads = textHeads
        self.activation = activation
    }

    /// OpenCLIP's `model_cfg`: `quick_gelu`, `vision_cfg.head_width`, `text_cfg.heads`.
    private mutating func readOpenCLIP(_ model: JSONValue, _ weights: CLIPWeights) throws(CLIPError) {
        activation = model["quick_gelu"]?.bool == true ? .quickGELU : .gelu
        if let vision = model["vision_cfg"], let width = vision["width"]?.integer {
            let headWidth = vision["head_width"]?.integer ?? 64
            guard headWidth > 0, (1...1 << 16).contains(width) else {
                throw weights.notCLIP("its configuration has heads of \(headWidth)")
            }
            // A ResNet, whose `layers` are a list, ends in 32 times its width.
            imageHeads = (vision["layers"]?.elements == nil ? width : width * 32) / headWidth
        }
        textHeads = model["text_cfg"]?["heads"]?.integer
    }

    /// The transformers library's `CLIPConfig`, whose defaults are those of ViT-B/32.
    private mutating func readHuggingFace(_ json: JSONValue, _ weights: CLIPWeights) throws(CLIPError) {
        var found: Set<String> = []
        for tower in ["text_config", "vision_config"] {
            found.insert(json[tower]?["hidden_act"]?.text ?? "quick_gelu")
        }
        switch found {
        case ["quick_gelu"]: activation = .quickGELU
        case ["gelu"]: activation = .gelu
        default:
            throw weights.notCLIP(
                "its configuration asks for the activation \(found.sorted().joined(separator: " and ")); "
                    + "quick_gelu or gelu, the same in both towers, can be used")
        }
        textHeads = json["text_config"]?["num_attention_heads"]?.integer
        imageHeads = json["vision_config"]?["num_attention_heads"]?.integer ?? imageHeads
    }

    private mutating func readColours(
        _ json: JSONValue?, mean meanName: String, deviation deviationName: String, _ weights: CLIPWeights
    ) throws(CLIPError) {
        guard let means = json?[meanName]?.elements, let deviations = json?[deviationName]?.elements else {
            return
        }
        let found = (
            means.compactMap(\.number).map(Float.init), deviations.compactMap(\.number).map(Float.init)
        )
        guard found.0.count == 3, found.1.count == 3, found.0.allSatisfy({ abs($0) <= 2 }),
            found.1.allSatisfy({ (1e-3...1e3).contains($0) })
        else { throw weights.notCLIP("its configuration normalises colours with other than three numbers") }
        (mean, deviation) = found
    }

    /// The JSON of a file, or nil where there is no such file.
    private static func json(_ path: String) throws(CLIPError) -> JSONValue? {
        do throws(CheckpointError) {
            return try JSONValue.read(path: path)
        } catch {
            if case .missing = error { return nil }
            throw .weights(error)
        }
    }
}
