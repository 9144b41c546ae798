import NeuralLayers

/// Is shown the output of every layer in the forward pass.
typealias LayerObserver = (_ name: @autoclosure () -> String, _ output: UnsafeMutableBufferPointer<Float>) ->
    Void

/// The network within an `ImageEncoderGradient`: one image there, a batch of its embedding's gradients back.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
protocol ImageNetworkGradient: AnyObject {
    /// Takes an image through that was given to the preparation, and keeps what gradients need of it.
    /// - Parameter image: `[3, H, W]` in about [−1, 1].
    func keep(_ image: UnsafeBufferPointer<Float>, _ observe: LayerObserver) throws(NeuralLayerError)

    /// The kept image's embedding, not normalised: `[d]`.
    var embedding: UnsafeMutableBufferPointer<Float> { get }

    /// Where the gradient of that embedding goes, for each of the batch: `[d]`.
    func embeddingGradient(_ place: Int) -> UnsafeMutableBufferPointer<Float>

    /// Takes the gradients of embeddings back to the pixels. What stands in places that were not filled means nothing, and
    /// touches no other.
    func run() throws(NeuralLayerError)

    /// The gradient of the image `[3, H, W]` from the last run.
    func imageGradient(_ place: Int, into image: UnsafeMutableBufferPointer<Float>)
}
