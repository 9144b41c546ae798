import NeuralLayers

/// What a CLIP's weights alone do not tell.
struct CLIPConventions: Hashable, Sendable {
    /// The attention heads of the image tower; nil for OpenAI's rule, one for every 64 of the width.
    var imageHeads: Int?
    /// The attention heads of the text tower; nil for OpenAI's rule.
    var textHeads: Int?
    /// The activation within each block: quick-GELU in OpenAI's models, exact GELU in most of OpenCLIP's.
    var activation = ActivationFunction.quickGELU
}
