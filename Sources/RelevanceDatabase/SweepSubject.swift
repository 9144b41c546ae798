import Relevance
import Tensors

/// What a build sweeps: a generator with an image encoder, seen from outside.
public protocol SweepSubject: Sendable {
    /// Every layer of the style code in order, toRGB layers included.
    var layers: [LayerRecord] { get }
    /// z_dim.
    var latentDimension: Int { get }
    /// The width of an embedding, d.
    var dimension: Int { get }

    /// The memory in bytes that a sweep by so many threads takes, about.
    func memory(threads: Int) -> Int

    /// How many workers so many threads make: one each, or a single one where they share its image.
    func workers(for method: TableMethod, threads: Int) -> Int

    /// The means of one thread, or of some that share an image, to sweep.
    func makeWorker(settings: SweepSettings, threads: Int) throws -> any SweepWorker
}

extension SweepSubject {
    /// The memory in bytes that a whole build by so many threads takes, beside the program: the sweep's, and the table with
    /// its factors, which a transaction holds until all of them are written.
    public func buildMemory(threads: Int) -> Int {
        let channels = layers.reduce(0) { $0 + ($1.isSwept ? $1.channels : 0) }
        return memory(threads: threads) + (RelevanceSpread.imageGroups + 12) * channels * dimension
    }
}

/// The networks and buffers that one thread owns, or some threads together.
///
/// What it returns depends on its arguments alone: not on what it did before, nor on the other workers.
public protocol SweepWorker {
    /// Style codes of latents z `[N, z_dim]`, truncated as the settings say: `[N, C_total]`.
    func styles(of latents: Tensor) throws -> Tensor

    /// The pairs of some images for every channel of one layer: sums of one pair each, an image after another.
    ///
    /// - Parameters:
    ///   - layer: The layer's place in `SweepSubject.layers`.
    ///   - images: Which of the seed's latents.
    func sums(layer: Int, images: Range<Int>, statistics: StyleStatistics) throws -> [ChannelSums]

    /// The same for some of the layer's channels: the sums' channels are these, in their order.
    func sums(
        layer: Int, channels: [Int], images: Range<Int>, statistics: StyleStatistics
    ) throws -> [ChannelSums]

    /// The derivatives of one image's embedding, as sums of one pair, for every channel of some layers.
    ///
    /// - Parameters:
    ///   - layers: The layers' places in `SweepSubject.layers`.
    ///   - image: Which of the seed's latents.
    func derivatives(layers: [Int], image: Int) throws -> [ChannelSums]
}
