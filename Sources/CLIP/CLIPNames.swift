import Checkpoints

/// What a published layout of CLIP's weights calls each tensor.
struct CLIPNames: Sendable {
    enum Tower {
        case image, text
    }

    /// The layers of one block, without `.weight` and `.bias`.
    struct Block {
        let norm1, norm2, out, expand, contract: String
        /// Queries, keys and values in one tensor (OpenAI), or each in its own layer.
        let projections: Projections
    }

    enum Projections {
        /// `weight` is `[3W, W]` and `bias` `[3W]`: queries, then keys, then values.
        case joined(weight: String, bias: String)
        case separate(query: String, key: String, value: String)
    }

    /// A ResNet's layers, in OpenAI's layout.
    struct Residual: Sendable {
        /// What all of the tower's names begin with.
        let image: String
        var pool: String { image + "attnpool." }

        func block(stage: Int, _ block: Int) -> String { "\(image)layer\(stage + 1).\(block)." }
    }

    let residual: Residual
    let classToken, patches, imagePositions, normPre, normPost, imageProjection: String
    let tokens, textPositions, normFinal, textProjection: String
    /// Whether projections are `[d, W]`, as linear layers have it, not `[W, d]`.
    let isProjectionTransposed: Bool
    private let imageBlocks, textBlocks: String
    /// What stands before all names in files that hold more than the model, or that saved it in a wrapper.
    let prefix: String
    /// What the names of the towers' tensors begin with.
    private let towers: [String]

    /// The layout of a checkpoint, told by its names; OpenAI's where none is recognised.
    init(recognising checkpoint: Checkpoint) {
        if let prefix = Self.prefix(of: "vision_model.embeddings.class_embedding", in: checkpoint) {
            self = .huggingFace(prefix)
            return
        }
        let pool = Self.prefix(of: "visual.attnpool.positional_embedding", in: checkpoint)
        let prefix = pool ?? Self.prefix(of: "visual.class_embedding", in: checkpoint) ?? ""
        // Some models of OpenCLIP keep the text tower in a module of its own.
        let isApart = checkpoint.contains(prefix + "text.token_embedding.weight")
        self = .openAI(prefix, text: isApart ? "text." : "", isResNet: pool != nil)
    }

    /// What stands before a name that one tensor ends in; nil where none does, or several and none is the name itself.
    private static func prefix(of name: String, in checkpoint: Checkpoint) -> String? {
        if checkpoint.contains(name) { return "" }
        let found = checkpoint.names.filter { $0.hasSuffix("." + name) }
        return found.count == 1 ? String(found[0].dropLast(name.count)) : nil
    }

    /// Whether a tensor is part of either tower.
    func isOfTower(_ name: String) -> Bool { towers.contains { name.hasPrefix($0) } }

    /// What the names of all blocks' tensors begin with, their number following.
    func blocks(_ tower: Tower) -> String { tower == .image ? imageBlocks : textBlocks }

    func block(_ tower: Tower, _ index: Int) -> Block {
        let prefix = blocks(tower) + "\(index)."
        guard isProjectionTransposed else {
            return Block(
                norm1: prefix + "ln_1", norm2: prefix + "ln_2", out: prefix + "attn.out_proj",
                expand: prefix + "mlp.c_fc", contract: prefix + "mlp.c_proj",
                projections: .joined(
                    weight: prefix + "attn.in_proj_weight", bias: prefix + "attn.in_proj_bias"))
        }
        let attention = prefix + "self_attn."
        return Block(
            norm1: prefix + "layer_norm1", norm2: prefix + "layer_norm2", out: attention + "out_proj",
            expand: prefix + "mlp.fc1", contract: prefix + "mlp.fc2",
            projections: .separate(
                query: attention + "q_proj", key: attention + "k_proj", value: attention + "v_proj"))
    }

    /// openai/CLIP and OpenCLIP.
    private static func openAI(_ prefix: String, text: String, isResNet: Bool) -> CLIPNames {
        let (image, text) = (prefix + "visual.", prefix + text)
        return CLIPNames(
            residual: Residual(image: image), classToken: image + "class_embedding",
            patches: image + "conv1.weight",
            imagePositions: image + (isResNet ? "attnpool." : "") + "positional_embedding",
            normPre: image + "ln_pre",
            normPost: image + "ln_post", imageProjection: image + "proj",
            tokens: text + "token_embedding.weight", textPositions: text + "positional_embedding",
            normFinal: text + "ln_final", textProjection: text + "text_projection",
            isProjectionTransposed: false, imageBlocks: image + "transformer.resblocks.",
            textBlocks: text + "transformer.resblocks.", prefix: prefix,
            towers: [image]
                + ["transformer.", "token_embedding", "positional_embedding", "ln_final", "text_projection"]
                .map { text + $0 })
    }

    /// `CLIPModel` of the transformers library; `pre_layrnorm` is spelt so there.
    private static func huggingFace(_ prefix: String) -> CLIPNames {
        let (image, text) = (prefix + "vision_model.", prefix + "text_model.")
        return CLIPNames(
            residual: Residual(image: image), classToken: image + "embeddings.class_embedding",
            patches: image + "embeddings.patch_embedding.weight",
            imagePositions: image + "embeddings.position_embedding.weight", normPre: image + "pre_layrnorm",
            normPost: image + "post_layernorm", imageProjection: prefix + "visual_projection.weight",
            tokens: text + "embeddings.token_embedding.weight",
            textPositions: text + "embeddings.position_embedding.weight",
            normFinal: text + "final_layer_norm", textProjection: prefix + "text_projection.weight",
            isProjectionTransposed: true, imageBlocks: image + "encoder.layers.",
            textBlocks: text + "encoder.layers.", prefix: prefix,
            towers: [image, text, prefix + "visual_projection", prefix + "text_projection"])
    }

    private init(
        residual: Residual, classToken: String, patches: String, imagePositions: String, normPre: String,
        normPost: String,
        imageProjection: String, tokens: String, textPositions: String, normFinal: String,
        textProjection: String, isProjectionTransposed: Bool, imageBlocks: String, textBlocks: String,
        prefix: String, towers: [String]
    ) {
        self.residual = residual
        self.classToken = classToken
        self.patches = patches
        self.imagePositions = imagePositions
        self.normPre = normPre
        self.normPost = normPost
        self.imageProjection = imageProjection
        self.tokens = tokens
        self.textPositions = textPositions
        self.normFinal = normFinal
        self.textProjection = textProjection
        self.isProjectionTransposed = isProjectionTransposed
        self.imageBlocks = imageBlocks
        self.textBlocks = textBlocks
        self.prefix = prefix
        self.towers = towers
    }
}
