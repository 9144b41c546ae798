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

    /// Whether the weights are part of what OpenCLIP's training saves, beside its optimiser.
    let isTrainingState: Bool

    /// What stands before all names in files that hold more than the model, or that saved it in a wrapper.
    private static let prefixes = [
        "", "state_dict.module.", "state_dict.", "module.", "model.", "clip.", "clip_model.",
    ]

    /// The layout of a checkpoint, told by its names; OpenAI's where none is recognised.
    init(recognising checkpoint: Checkpoint) {
        for prefix in Self.prefixes {
            if checkpoint.contains(prefix + "vision_model.embeddings.class_embedding") {
                self = .huggingFace(prefix)
                return
            }
            // Some models of OpenCLIP keep the text tower in a module of its own.
            for text in ["", "text."] where checkpoint.contains(prefix + text + "token_embedding.weight") {
                let isResNet = checkpoint.contains(prefix + "visual.attnpool.positional_embedding")
                self = .openAI(prefix, text: text, isResNet: isResNet)
                return
            }
        }
        let isResNet = checkpoint.contains("visual.attnpool.positional_embedding")
        self = .openAI("", text: "", isResNet: isResNet)
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
            isProjectionTransposed: false, isTrainingState: prefix.hasPrefix("state_dict."),
            imageBlocks: image + "transformer.resblocks.", textBlocks: text + "transformer.resblocks.")
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
            isProjectionTransposed: true, isTrainingState: false, imageBlocks: image + "encoder.layers.",
            textBlocks: text + "encoder.layers.")
    }

    private init(
        residual: Residual, classToken: String, patches: String, imagePositions: String, normPre: String,
        normPost: String,
        imageProjection: String, tokens: String, textPositions: String, normFinal: String,
        textProjection: String, isProjectionTransposed: Bool, isTrainingState: Bool, imageBlocks: String,
        textBlocks: String
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
        self.isTrainingState = isTrainingState
        self.imageBlocks = imageBlocks
        self.textBlocks = textBlocks
    }
}
