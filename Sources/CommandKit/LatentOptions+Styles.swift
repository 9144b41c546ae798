import QuestionKit
import StyleGAN
import Tensors

extension LatentOptions {
    /// The style codes of the file that was named, `[N, C_total]`; nil where none was.
    /// - Throws: `GeneratorError.latents` where nothing in it fits the generator, `CheckpointError`.
    public func styles(for generator: Generator) throws -> Tensor? {
        try latents.map { try LatentFile.styles(path: $0, for: generator) }
    }
}
