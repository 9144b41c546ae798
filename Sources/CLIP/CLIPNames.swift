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

    let classToken, patches, imagePositions, normPre, normPost, imageProjection: String
    let tokens, textPositions, normFinal, textProjection: String
    /// Whether projections are `[d, W]`, as linear layers have it, not `[W, d]`.
    let isProjectionTransposed: Bool
    private let imageBlocks, textBlocks: String

    /// The layout of a checkpoint, told by its names; OpenAI's where none is recognised.
    init(recognising checkpoint: Checkpoint) {
        if checkpoint.contains("vision_model.embeddings.class_embedding") {
            self = .huggingFace
        } else if checkpoint.contains("text.token_embedding.weight") {
            self = .openAI(textPrefix: "text.")
        } else {
            self = .openAI(textPrefix: "")
        }
    }

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

    /// openai/CLIP; OpenCLIP's are the same, for some models with the text tower under a prefix.
    private static func openAI(textPrefix: String) -> CLIPNames {
        CLIPNames(
            classToken: "visual.class_embedding", patches: "visual.conv1.weight",
            imagePositions: "visual.positional_embedding", normPre: "visual.ln_pre",
            normPost: "visual.ln_post",
            imageProjection: "visual.proj", tokens: textPrefix + "token_embedding.weight",
            textPositions: textPrefix + "positional_embedding", normFinal: textPrefix + "ln_final",
            textProjection: textPrefix + "text_projection", isProjectionTransposed: false,
            imageBlocks: "visual.transformer.resblocks.", textBlocks: textPrefix + "transformer.resblocks.")
    }

    /// `CLIPModel` of the transformers library; `pre_layrnorm` is spelt so there.
    private static let huggingFace = CLIPNames(
        classToken: "vision_model.embeddings.class_embedding",
        patches: "vision_model.embeddings.patch_embedding.weight",
        imagePositions: "vision_model.embeddings.position_embedding.weight",
        normPre: "vision_model.pre_layrnorm", normPost: "vision_model.post_layernorm",
        imageProjection: "visual_projection.weight", tokens: "text_model.embeddings.token_embedding.weight",
        textPositions: "text_model.embeddings.position_embedding.weight",
        normFinal: "text_model.final_layer_norm", textProjection: "text_projection.weight",
        isProjectionTransposed: true, imageBlocks: "vision_model.encoder.layers.",
        textBlocks: "text_model.encoder.layers.")

    private init(
        classToken: String, patches: String, imagePositions: String, normPre: String, normPost: String,
        imageProjection: String, tokens: String, textPositions: String, normFinal: String,
        textProjection: String,
        isProjectionTransposed: Bool, imageBlocks: String, textBlocks: String
    ) {
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
    }
}
