import Checkpoints
import NeuralLayers
import Tensors

/// The sizes of a CLIP, as its weights tell them.
public struct CLIPConfiguration: Hashable, Sendable {
    /// The sizes of one tower's transformer.
    public struct Tower: Hashable, Sendable {
        public let width: Int
        public let layers: Int
        public let heads: Int
        /// The width between the two linear layers of a block.
        public let hiddenWidth: Int
    }

    /// The width of an embedding, d.
    public let dimension: Int
    /// The side of the square images that the image encoder reads, in pixels.
    public let imageResolution: Int
    /// The side of a patch, in pixels; of a ResNet, of what one pixel of its last maps stands for.
    public let patchSize: Int
    /// The transformer of images; of a ResNet, its blocks and the attention at its end.
    public let image: Tower
    /// The sizes of a ResNet, where images go through one.
    let residual: ResidualSizes?

    /// Whether images go through a ResNet instead of a vision transformer.
    public var isResNet: Bool { residual != nil }

    /// The tokens that a text may have, its two marks included.
    public let contextLength: Int
    public let vocabularySize: Int
    public let text: Tower
    public let activation: ActivationFunction
    /// What each colour is normalised with: (x − mean) / deviation.
    public let mean, deviation: [Float]
    /// Where heads, activation and colours come from: the name of the configuration file, or whose convention was assumed.
    public let conventionsSource: String

    /// The rows that an image becomes: its patches and the class token.
    var imageTokens: Int { (imageResolution / patchSize) * (imageResolution / patchSize) + 1 }

    init(_ weights: CLIPWeights, conventions: CLIPConventions) throws(CLIPError) {
        let names = weights.names
        residual = try weights.residualSizes()
        let patches = try weights.extents(of: names.patches, rank: 4)
        let positions = try weights.extents(of: names.imagePositions, rank: 2)
        let tokens = try weights.extents(of: names.tokens, rank: 2)
        let context = try weights.extents(of: names.textPositions, rank: 2)
        let projection = try weights.extents(of: names.textProjection, rank: 2)

        patchSize = residual == nil ? patches[2] : ResidualSizes.reduction
        let side = Int(Double(positions[0] - 1).squareRoot().rounded())
        let (resolution, overflow) = side.multipliedReportingOverflow(by: patchSize)
        guard side > 0, side * side + 1 == positions[0], !overflow, resolution <= 1 << 12, patches[1] == 3
        else {
            throw weights.notCLIP(
                "\(names.imagePositions) has \(positions[0]) rows; a square of patches and the class token are needed"
            )
        }
        imageResolution = resolution
        dimension = projection[names.isProjectionTransposed ? 0 : 1]
        contextLength = context[0]
        vocabularySize = tokens[0]
        activation = conventions.activation
        (mean, deviation) = (conventions.mean, conventions.deviation)
        conventionsSource = conventions.source
        if let residual {
            let width = residual.features
            image = Tower(
                width: width, layers: residual.blocks.reduce(0, +),
                heads: conventions.imageHeads ?? max(1, width / 64),
                hiddenWidth: width)
            guard image.heads > 0, width.isMultiple(of: image.heads) else {
                throw weights.notCLIP(
                    "a width of \(width) cannot be shared by \(image.heads) attention heads")
            }
        } else {
            image = try Self.tower(.image, width: patches[0], heads: conventions.imageHeads, weights)
        }
        text = try Self.tower(.text, width: tokens[1], heads: conventions.textHeads, weights)
        try requireSizes(weights)
    }

    /// What no CLIP comes near: the widest published ones have 5,120, and 1,024 patches.
    private static let largest = (width: 1 << 15, hiddenWidth: 1 << 17, tokens: 1 << 14)

    /// Throws where a size is beyond `largest`, before any is multiplied by another.
    private func requireSizes(_ weights: CLIPWeights) throws(CLIPError) {
        for (what, size, limit) in [
            ("a width", max(image.width, text.width), Self.largest.width),
            ("a hidden width", max(image.hiddenWidth, text.hiddenWidth), Self.largest.hiddenWidth),
            ("an embedding's width", dimension, Self.largest.width),
            ("a number of patches", imageTokens, Self.largest.tokens),
            ("a context", contextLength, Self.largest.tokens),
        ] where size > limit {
            throw weights.notCLIP("\(what) of \(size) is beyond any CLIP; at most \(limit) is read")
        }
    }

    private static func tower(
        _ tower: CLIPNames.Tower, width: Int, heads: Int?, _ weights: CLIPWeights
    ) throws(CLIPError) -> Tower {
        let heads = heads ?? max(1, width / 64)
        guard heads > 0, width.isMultiple(of: heads) else {
            throw weights.notCLIP("a width of \(width) cannot be shared by \(heads) attention heads")
        }
        let names = weights.names
        let layers = try weights.layerCount(of: tower)
        let hidden = try weights.extents(of: names.block(tower, 0).expand + ".weight", rank: 2)[0]
        return Tower(width: width, layers: layers, heads: heads, hiddenWidth: hidden)
    }
}
