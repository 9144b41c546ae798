import NeuralLayers

/// The network within an image encoder: some images of one group in, as many embeddings out.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
protocol ImageNetwork: AnyObject {
    /// The images that go through together; an embedding depends neither on how many come nor on their company.
    var group: Int { get }

    /// Takes an image `[3, H, W]` in about [−1, 1] as number `place` of the group.
    func take(_ image: UnsafeBufferPointer<Float>, place: Int)

    /// Embeds the group. What stands in places that were not taken means nothing, and touches no other.
    func run() throws(NeuralLayerError)

    /// The embedding of an image of the last run, not normalised: `[d]`.
    func embedding(_ place: Int) -> UnsafeMutableBufferPointer<Float>
}
