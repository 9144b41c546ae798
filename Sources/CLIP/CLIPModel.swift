import Checkpoints
import Tensors

/// CLIP with a vision transformer, read from weights with OpenAI's names; its sizes are the weights' own.
public struct CLIPModel: Sendable {
    public let configuration: CLIPConfiguration
    public let tokenizer: Tokenizer
    let text: TextWeights
    let vision: VisionWeights

    /// - Parameter textHeads: Attention heads of the text encoder: a 64th of its width unless told otherwise.
    /// - Throws: `CLIPError` that names the tensor that is missing or misshapen, or says what the file is.
    public init(checkpoint: Checkpoint, tokenizer: Tokenizer, textHeads: Int? = nil) throws(CLIPError) {
        configuration = try CLIPConfiguration(checkpoint, textHeads: textHeads)
        guard configuration.vocabularySize == tokenizer.vocabularySize else {
            throw .notCLIP(
                path: checkpoint.path,
                reason: "it knows \(configuration.vocabularySize) tokens and the merges make "
                    + "\(tokenizer.vocabularySize); --merges names the file that belongs to it")
        }
        self.tokenizer = tokenizer
        text = try TextWeights(checkpoint, configuration)
        vision = try VisionWeights(checkpoint, configuration)
    }

    /// Opens weights and merges.
    /// - Throws: `CLIPError`.
    public static func open(path: String, merges: String) throws(CLIPError) -> CLIPModel {
        let checkpoint = try reading { () throws(CheckpointError) in try Checkpoint.open(path: path) }
        let size = checkpoint.shape(of: "token_embedding.weight")?.dimensions.first
        let tokenizer: Tokenizer
        do throws(TokenizerError) {
            tokenizer = try Tokenizer.open(path: merges, vocabularySize: size)
        } catch { throw .tokenizer(error) }
        return try CLIPModel(checkpoint: checkpoint, tokenizer: tokenizer)
    }

    public func textEncoder() -> TextEncoder { TextEncoder(self) }

    /// - Throws: `CLIPError.shape` where the pictures' size is not usable.
    public func imageEncoder(batch: Int, imageResolution: Int) throws(CLIPError) -> ImageEncoder {
        try ImageEncoder(self, batch: batch, imageResolution: imageResolution)
    }
}
