import Tensors

/// What a file of tensors holds, told by their names: just enough to tell a user who gave the wrong file what it is, and
/// which option takes it.
public enum CheckpointKind: Hashable, Sendable {
    /// How a file that is known names its tensors.
    public enum Layout: String, Hashable, Sendable {
        case nvidia = "NVIDIA"
        case rosinality
        case openAI = "OpenAI"
        case huggingFace = "Hugging Face"
    }

    case styleGAN2(Layout)
    case styleGAN1, styleGAN3
    case discriminator
    /// An encoder to latents (pSp, e4e, restyle) without its generator.
    case latentEncoder
    case clip(Layout, isResNet: Bool)
    /// One half of a CLIP.
    case clipTower(String)
    case sigLIP
    case diffusion
    case autoencoder
    case faceRecognition
    case visionTransformer
    case languageModel
    /// A latent mapper, train-mapper's or StyleCLIP's; theirs has its generator with it.
    case latentMapper
    /// StyleCLIP's `S_mean_std`: means and deviations of styles, layer by layer.
    case styleStatistics
    /// One array of two axes: a relevance table such as `fs3.npy`, or codes in W or S.
    case matrix(Shape)
    /// Latents: w+, or w by the name that NVIDIA's projector gives it.
    case latents(Shape)
    /// A direction that `export-direction` wrote.
    case direction
    case unknown

    /// Names that tell a kind, each by itself unless `and` names a second; in the order in which they are looked for.
    private static let marks: [(kind: CheckpointKind, name: String, and: String)] = [
        (.latentMapper, "course_mapping.mapping.1.weight", ""),
        (.latentMapper, "medium_mapping.mapping.1.weight", ""),
        (.latentMapper, "fine_mapping.mapping.1.weight", ""),
        (.latentMapper, "mapper.mapping.mapping.1.weight", ""),
        (.styleGAN2(.nvidia), "synthesis.b4.const", ""),
        (.styleGAN2(.rosinality), "input.input", "conv1.conv.weight"),
        (.styleGAN3, "synthesis.input.weight", "synthesis.input.freqs"),
        (.styleGAN3, "synthesis.input.weight", ""),
        (.styleGAN1, "synthesis.blocks.4x4.const", ""),
        (.styleGAN1, "generator.progression.0.conv1.0.weight", ""),
        (.discriminator, "b4.out.weight", ""),
        (.discriminator, "final_conv.0.weight", "final_linear.0.weight"),
        (.sigLIP, "vision_model.head.probe", ""),
        (
            .clip(.huggingFace, isResNet: false), "vision_model.embeddings.class_embedding",
            "visual_projection.weight"
        ),
        (.clip(.openAI, isResNet: true), "visual.attnpool.positional_embedding", "text_projection"),
        (.clip(.openAI, isResNet: false), "visual.class_embedding", "text_projection"),
        (.diffusion, "model.diffusion_model.time_embed.0.weight", ""),
        (.diffusion, "time_embed.0.weight", "input_blocks.0.0.weight"),
        (.diffusion, "time_embedding.linear_1.weight", ""),
        (.diffusion, "x_embedder.weight", ""), (.diffusion, "x_embedder.proj.weight", ""),
        (.autoencoder, "encoder.conv_in.weight", "decoder.conv_in.weight"),
        (.latentEncoder, "input_layer.0.weight", "styles.0.linear.weight"),
        (.faceRecognition, "input_layer.0.weight", "body.0.res_layer.1.weight"),
        (.clipTower("image"), "vision_model.embeddings.class_embedding", ""),
        (.clipTower("image"), "visual.class_embedding", ""),
        (.clipTower("text"), "text_model.embeddings.token_embedding.weight", ""),
        (.visionTransformer, "blocks.0.attn.qkv.weight", ""),
        (.languageModel, "embed_tokens.weight", ""), (.languageModel, "wte.weight", ""),
    ]

    /// Tells what an opened file holds.
    public init(_ checkpoint: Checkpoint) {
        if checkpoint.metadata["manifest"] != nil {
            self = .direction
        } else if checkpoint.names == [NumPyFile.name] || checkpoint.names == ["w"]
            || checkpoint.names == ["latents"],
            let shape = checkpoint.shape(of: checkpoint.names[0])
        {
            self = Self.array(shape, isNamed: checkpoint.names != [NumPyFile.name])
        } else if Self.isStatistics(checkpoint) {
            self = .styleStatistics
        } else {
            self = Self.network(checkpoint)
        }
    }

    /// Whether a name ends with a mark at the beginning of a part: prefixes such as `g_ema.` and `module.` differ.
    private static func network(_ checkpoint: Checkpoint) -> CheckpointKind {
        var endings: Set<String> = []
        let wanted = Set(marks.flatMap { [$0.name, $0.and] })
        let parts = wanted.map { $0.split(separator: ".").count }.max() ?? 0
        for name in checkpoint.names {
            // From the last dot back, and no further than the longest mark: a name may have any number of them.
            var before = name[...]
            for _ in 0..<parts {
                let dot = before.utf8.lastIndex(of: UInt8(ascii: "."))
                let ending = String(dot.map { name[name.index(after: $0)...] } ?? name[...])
                if wanted.contains(ending) { endings.insert(ending) }
                guard let dot else { break }
                before = name[..<dot]
            }
        }
        return marks.first { endings.contains($0.name) && ($0.and.isEmpty || endings.contains($0.and)) }?.kind
            ?? .unknown
    }

    private static func array(_ shape: Shape, isNamed: Bool) -> CheckpointKind {
        switch shape.rank {
        case 2 where !isNamed: .matrix(shape)
        case 1, 2, 3: .latents(shape)
        default: .unknown
        }
    }

    /// Two lists of vectors of the same lengths.
    private static func isStatistics(_ checkpoint: Checkpoint) -> Bool {
        let count = checkpoint.names.count / 2
        guard count > 0, checkpoint.names.count == 2 * count else { return false }
        return (0..<count).allSatisfy { layer in
            guard let mean = checkpoint.shape(of: "0.\(layer)") else { return false }
            return checkpoint.shape(of: "1.\(layer)") == mean
        }
    }

    /// What it is, as the end of "it holds …".
    public var description: String {
        switch self {
        case .styleGAN2(let layout): "a StyleGAN2 generator in \(layout.rawValue)'s layout"
        case .styleGAN1: "a generator of the first StyleGAN"
        case .styleGAN3: "a StyleGAN3 generator"
        case .discriminator: "a discriminator"
        case .latentEncoder: "an encoder to latents"
        case .clip(let layout, let isResNet):
            "a CLIP with a \(isResNet ? "ResNet" : "vision transformer") in \(layout.rawValue)'s layout"
        case .clipTower(let tower): "the \(tower) encoder of a CLIP without the other one"
        case .sigLIP: "a SigLIP"
        case .diffusion: "a diffusion model"
        case .autoencoder: "an autoencoder"
        case .faceRecognition: "a face recognition network"
        case .visionTransformer: "a vision transformer"
        case .languageModel: "a language model"
        case .latentMapper: "a latent mapper"
        case .styleStatistics: "means and standard deviations of styles, as StyleCLIP's S_mean_std"
        case .matrix(let shape): "one matrix \(shape): a relevance table such as fs3.npy, or codes in W or S"
        case .latents(let shape): "latents \(shape)"
        case .direction: "a direction written by export-direction"
        case .unknown: "tensors of no network that is known here"
        }
    }

    /// The option that takes such a file, or why none does.
    public var use: String {
        switch self {
        case .styleGAN2: "build-relevance --generator"
        case .clip: "build-relevance --clip"
        case .latentMapper: "apply-mapper"
        case .styleStatistics: "import-relevance --statistics"
        case .matrix: "import-relevance, or preview-direction --latents"
        case .latents: "preview-direction --latents"
        case .direction: "no command: it is a result"
        case .latentEncoder: "no command: inversion needs no encoder here"
        default: "no command: a StyleGAN2 generator, a CLIP, or their published artefacts are needed"
        }
    }

    /// Why a file is refused where another kind is needed.
    public var refusal: String {
        switch self {
        case .unknown: "it holds \(description)"
        case .clip: "it looks like \(description); give it to --clip"
        case .styleGAN2: "it looks like \(description); give it to --generator"
        default: "it looks like \(description)"
        }
    }
}
