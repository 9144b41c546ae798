import Tensors

/// The latents z of a seed, one after another: rows of NumPy's `RandomState(seed).randn(N, z_dim)`.
///
/// As in the published code, statistics and images draw from the start of the same stream: image i of a sweep is
/// the i-th of the latents behind μ and σ.
public struct LatentSamples: Sendable {
    private var random: NumPyRandomState
    /// z_dim.
    public let dimension: Int
    /// The number of latents drawn so far.
    public private(set) var position = 0

    public init(seed: UInt32, dimension: Int) {
        precondition(dimension > 0, "a latent has at least one dimension")
        random = NumPyRandomState(seed: seed)
        self.dimension = dimension
    }

    /// The next latents: `[count, z_dim]`.
    /// - Throws: `RelevanceError.shape` where there is no such shape.
    public mutating func next(_ count: Int) throws(RelevanceError) -> Tensor {
        do {
            let shape = try Shape([count, dimension])
            position += count
            return try Tensor(random.gaussians(shape.count), shape: shape)
        } catch {
            throw .shape(error)
        }
    }

    /// Passes over latents: the stream has no shorter way to a later image.
    public mutating func skip(_ count: Int) {
        for _ in 0..<count * dimension { _ = random.gaussian() }
        position += count
    }

    /// The latents of some images of a sweep: `[images.count, z_dim]`.
    /// - Throws: `RelevanceError.shape` where there is no such shape.
    public static func images(
        _ images: Range<Int>, seed: UInt32, dimension: Int
    ) throws(RelevanceError) -> Tensor {
        var samples = LatentSamples(seed: seed, dimension: dimension)
        samples.skip(max(0, images.lowerBound))
        return try samples.next(images.count)
    }
}
