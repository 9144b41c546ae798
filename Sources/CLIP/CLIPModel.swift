import Checkpoints
import NeuralLayers
import Synchronization

/// A CLIP, its image tower a vision transformer or a ResNet: weights, sizes and tokenizer, from which encoders are made.
///
/// Weights are read when the first encoder of a tower is made, packed once, and shared by all further ones on any
/// thread. Reads OpenAI's names of tensors (which OpenCLIP shares) and those of the transformers library, with the
/// configuration that either puts beside its weights.
public struct CLIPModel: Sendable {
    public let configuration: CLIPConfiguration
    public let tokenizer: Tokenizer
    private let weights: CLIPWeights
    private let towers = SharedTowers()

    /// The packed towers, each made by the first encoder that asks.
    private final class SharedTowers: Sendable {
        let image = Mutex<ImageTower?>(nil)
        let residual = Mutex<ResidualTower?>(nil)
        let text = Mutex<TextTower?>(nil)
        // For gradients; packed for one batch size at a time.
        let imageGradient = Mutex<ImageTowerGradient?>(nil)
        let residualGradient = Mutex<ResidualTowerGradient?>(nil)
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

    /// Opens a file or folder of weights and a file of merges (see `Tokenizer.open`).
    /// - Throws: `CLIPError`.
    public static func open(path: String, merges: String) throws(CLIPError) -> CLIPModel {
        try CLIPModel(checkpoint: CLIPError.wrapping { try Checkpoint.open(path: path) }, merges: merges)
    }

    /// A CLIP by the conventions of its source: activation, heads and colours are those of the configuration beside the
    /// weights, else of whoever writes such files. As many merges are read as the weights have tokens for.
    /// - Throws: `CLIPError`.
    public init(checkpoint: Checkpoint, merges: String) throws(CLIPError) {
        let weights = CLIPWeights(checkpoint)
        let size = try weights.extents(of: weights.names.tokens, rank: 2)[0]
        let tokenizer = try CLIPError.wrapping { try Tokenizer.open(path: merges, vocabularySize: size) }
        try self.init(weights, tokenizer, CLIPConventions(for: weights))
    }

    /// The sizes of the CLIP in a file, for which no weights are read.
    /// - Throws: `CLIPError` where there is none.
    public static func configuration(of checkpoint: Checkpoint) throws(CLIPError) -> CLIPConfiguration {
        let weights = CLIPWeights(checkpoint)
        let configuration = try CLIPConfiguration(weights, conventions: CLIPConventions(for: weights))
        try weights.verify(configuration)
        return configuration
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

    /// - Parameter beginnings: what texts may begin with, from an encoder of this model.
    /// - Throws: `CLIPError`.
    public func textEncoder(beginnings: TextBeginnings? = nil) throws(CLIPError) -> TextEncoder {
        try TextEncoder(self, beginnings: beginnings)
    }

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

    /// The backward pass through the image encoder, for one thread.
    /// - Parameters:
    ///   - batch: gradients of one image that go back together.
    ///   - imageResolution: the height of the images; nil for CLIP's own.
    ///   - imageWidth: their width; nil for the same as their height.
    /// - Throws: `CLIPError`.
    public func imageGradient(
        batch: Int, imageResolution: Int? = nil, imageWidth: Int? = nil
    ) throws(CLIPError) -> ImageEncoderGradient {
        try ImageEncoderGradient(self, batch: batch, imageResolution: imageResolution, imageWidth: imageWidth)
    }

    /// The network of the forward and backward pass for images of a size; its weights are shared with the others of a batch.
    func imageNetworkGradient(
        batch: Int, height: Int, width: Int
    ) throws(CLIPError) -> any ImageNetworkGradient {
        try CLIPError.wrapping { () throws -> any ImageNetworkGradient in
            guard let sizes = configuration.residual else {
                let tower = try towers.imageGradient.withLock { tower in
                    let made =
                        if let tower, tower.batch == batch { tower } else {
                            try ImageTowerGradient(weights, configuration, batch: batch)
                        }
                    tower = made
                    return made
                }
                return try VisionTransformerGradient(tower, configuration, height: height, width: width)
            }
            let tower = try towers.residualGradient.withLock { tower in
                let made =
                    if let tower, tower.batch == batch { tower } else {
                        try ResidualTowerGradient(weights, configuration, sizes, batch: batch)
                    }
                tower = made
                return made
            }
            return try ResidualNetworkGradient(tower, configuration, height: height, width: width)
        }
    }

    /// The image tower's network for images of a size, its weights shared with the others.
    func imageNetwork(height: Int, width: Int) throws(CLIPError) -> any ImageNetwork {
        try CLIPError.wrapping { () throws -> any ImageNetwork in
            guard let sizes = configuration.residual else {
                return try VisionTransformer(imageTower(), configuration, height: height, width: width)
            }
            let tower = try towers.residual.withLock { tower in
                let made = try tower ?? ResidualTower(weights, configuration, sizes)
                tower = made
                return made
            }
            return try ResidualNetwork(tower, configuration, height: height, width: width)
        }
    }

    private func imageTower() throws(CLIPError) -> ImageTower {
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
