import CLIP
import StyleGAN

/// The memory that gradients of embeddings take, known before any is made, in bytes.
public struct EmbeddingGradientMemory: Hashable, Sendable {
    /// Of what all objects share: the generator's kernels and CLIP's packed weights, there and back.
    public let shared: Int
    /// Of what an object keeps of its picture.
    public let picture: Int
    /// Of a thread's maps.
    public let thread: Int

    /// - Parameters:
    ///   - batch: Gradients that a thread takes back together.
    ///   - resolution: The picture's height where synthesis stops early.
    public init(
        _ generator: Generator, _ configuration: CLIPConfiguration, batch: Int, resolution: Int? = nil
    ) {
        let height = resolution ?? generator.configuration.resolution
        let width = generator.configuration.width(at: height)
        let clip = ImageTowerMemory(configuration, height: height, width: width)
        // A ResNet's weights for the way back are packed from a plain copy of those for the way there.
        let packed = (configuration.isResNet ? 3 : 2) * clip.weights
        shared = SynthesisGradientKernels.memoryBytes(generator) + packed
        picture = KeptSynthesis.memoryBytes(generator, resolution: resolution)
        thread =
            SynthesisGradient.memoryBytes(generator, batch: batch, resolution: resolution)
            + clip.gradient(batch: batch) + 4 * (batch + 2) * 3 * height * width
    }
}
