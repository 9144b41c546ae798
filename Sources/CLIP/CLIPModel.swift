import Checkpoints
import NeuralLayers
import Synchronization

/// A CLIP with a vision transformer: weights, sizes and tokenizer, from which encoders are made.
///
/// Weights are read when the first encoder of a tower is made, packed once, and shared by all further ones on any
/// thread. Reads OpenAI's names of tensors (which OpenCLIP shares) and those of the transformers library.
public struct CLIPModel: Sendable {
    public let configuration: CLIPConfiguration
    public let tokenizer: Tokenizer
    private let weights: CLIPWeights
    private let towers = SharedTowers()

    /// The packed towers, each made by the first encoder that asks.
    private final class SharedTowers: Sendable {
        let image = Mutex<ImageTower?>(nil)
        let text = Mutex<TextTower?>(nil)
    }

    /// - Parameters:
    ///   - textHeads: the text tower's attention heads; nil for OpenAI's rule, one for every 64 of the width.
    ///   - imageHeads: the image tower's; nil for OpenAI's rule.
    ///   - activation: quick-GELU in OpenAI's models, exact GELU in most of OpenCLIP's; the weights do not tell.
    /// - Throws: `CLIPError` where a tensor is missing or of another shape, by its name; where the weights have another
    ///   vocabulary than the tokenizer.
    public init(
        checkpoint: Checkpoint, tokenizer: Tokenizer, textHeads: Int? = nil, imageHeads: Int? = nil,
        activation: ActivationFunction = .quickGELU
    ) throws(CLIPError) {
        let conventions = CLIPConventions(
            imageHeads: imageHeads, textHeads: textHeads, activation: activation)
        try self.init(CLIPWeights(checkpoint), tokenizer, conventions)
    }

    /// Opens a file of weights and a file of merges, plain or compressed with gzip; as many merges are read as the
    /// weights have tokens for.
    /// - Throws: `CLIPError`.
    public static func open(path: String, merges: String) throws(CLIPError) -> CLIPModel {
        try CLIPError.wrapping {
            let weights = try CLIPWeights(Checkpoint.open(path: path))
            let size = try weights.extents(of: weights.names.tokens, rank: 2)[0]
            return try CLIPModel(
                weights, Tokenizer.open(path: merges, vocabularySize: size), CLIPConventions())
        }
    }

    private init(
        _ weights: CLIPWeights, _ tokenizer: Tokenizer, _ conventions: CLIPConventions
    ) throws(CLIPError) {
        configuration = try CLIPConfiguration(weights, conventions: conventions)
        try weights.verify(configuration)
        guard tokenizer.vocabularySize == configuration.vocabularySize else {
            throw weights.notCLIP(
                "it knows \(configuration.vocabularySize) tokens and the merges make "
                    + "\(tokenizer.vocabularySize); --merges names the file that belongs to it")
        }
        self.weights = weights
        self.tokenizer = tokenizer
    }

    /// - Throws: `CLIPError`.
    public func textEncoder() throws(CLIPError) -> TextEncoder { try TextEncoder(self) }

    /// An encoder for one thread.
    /// - Parameters:
    ///   - batch: the most images that it will be given at a time.
    ///   - imageResolution: the height of those images; nil for CLIP's own.
    ///   - imageWidth: their width; nil for the same as their height.
    /// - Throws: `CLIPError`.
    public func imageEncoder(
        batch: Int, imageResolution: Int? = nil, imageWidth: Int? = nil
    ) throws(CLIPError) -> ImageEncoder {
        try ImageEncoder(self, batch: batch, imageResolution: imageResolution, imageWidth: imageWidth)
    }

    func imageTower() throws(CLIPError) -> ImageTower {
        try towers.image.withLock { (tower) throws(CLIPError) in
            if let tower { return tower }
            let made = try CLIPError.wrapping { try ImageTower(weights, configuration) }
            tower = made
            return made
        }
    }

    func textTower() throws(CLIPError) -> TextTower {
        try towers.text.withLock { (tower) throws(CLIPError) in
            if let tower { return tower }
            let made = try CLIPError.wrapping { try TextTower(weights, configuration) }
            tower = made
            return made
        }
    }
}
