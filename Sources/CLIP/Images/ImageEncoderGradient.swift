import NeuralLayers
import Tensors

/// The vector-Jacobian product of CLIP's image encoder: from gradients of an image's unit embedding to gradients of
/// the image.
///
/// One image goes forward and what every layer needs is kept; any number of gradients of its embedding then go back, a
/// batch at a time. Belongs to one thread at a time; objects of one model and batch share their weights. Nothing is
/// allocated on the backward pass.
public final class ImageEncoderGradient {
    /// The most gradients at once.
    public let batch: Int
    /// The height of the images, in pixels.
    public let imageResolution: Int
    /// Their width.
    public let imageWidth: Int
    /// The width of an embedding, d.
    public let dimension: Int

    private let network: any ImageNetworkGradient

    /// The kept image's embedding: E, and |e| before it was brought to unit length.
    private var embedding: [Float] = []
    private var length = 0.0

    /// - Parameters:
    ///   - batch: gradients that go back together.
    ///   - imageResolution: the height of the images; nil for CLIP's own.
    ///   - imageWidth: their width; nil for the same as their height.
    /// - Throws: `CLIPError`.
    public init(
        _ model: CLIPModel, batch: Int, imageResolution: Int? = nil, imageWidth: Int? = nil
    ) throws(CLIPError) {
        let configuration = model.configuration
        let side = imageResolution ?? configuration.imageResolution
        let width = imageWidth ?? side
        guard (1...4096).contains(batch), (1...4096).contains(side), (1...4096).contains(width) else {
            throw .shape(.invalid([batch, 3, side, width]))
        }
        self.batch = batch
        self.imageResolution = side
        self.imageWidth = width
        dimension = configuration.dimension
        network = try model.imageNetworkGradient(batch: batch, height: side, width: width)
    }

    /// Embeds one image and keeps what gradients need of it.
    /// - Parameter image: `[1, 3, H, W]` in about [−1, 1].
    /// - Returns: E, of length 1.
    /// - Throws: `CLIPError.shape` for another shape, `.notFinite` where the image has no finite embedding.
    public func keep(_ image: Tensor) throws(CLIPError) -> [Float] {
        guard image.shape == [1, 3, imageResolution, imageWidth] else {
            throw .shape(
                .mismatch(
                    what: "an image", found: image.shape, expected: [1, 3, imageResolution, imageWidth]))
        }
        embedding = []
        try take(image)
        let values = network.embedding
        length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length.isFinite, length > 0 else {
            let layer = try firstLayerNotFinite(image)
            throw .notFinite(what: "the output of \(layer)")
        }
        UnitVector.normalise(values)
        embedding = Array(values)
        return embedding
    }

    private func take(_ image: Tensor, _ observe: LayerObserver = { _, _ in }) throws(CLIPError) {
        try image.withUnsafeValues { image throws(CLIPError) in
            do throws(NeuralLayerError) { try network.keep(image, observe) } catch { throw .layer(error) }
        }
    }

    /// Where the image's way first leaves the finite numbers.
    private func firstLayerNotFinite(_ image: Tensor) throws(CLIPError) -> String {
        var first: String?
        try take(image) { name, output in
            if first == nil, !output.allSatisfy(\.isFinite) { first = name() }
        }
        return "the image encoder's " + (first ?? "projection")
    }

    /// Gradients of the kept image from gradients of its unit embedding.
    /// - Parameters:
    ///   - embeddings: Ē, `[n, d]`.
    ///   - rows: which of them go back, at most `batch`.
    ///   - images: `[≥ rows.count, 3, H, W]`; the first ones are overwritten.
    /// - Throws: `CLIPError.shape` for another shape, `.empty` where no image was kept.
    public func callAsFunction(
        _ embeddings: Tensor, rows: Range<Int>, into images: inout Tensor
    ) throws(CLIPError) {
        let (height, width) = (imageResolution, imageWidth)
        guard embeddings.shape.rank == 2, embeddings.shape[1] == dimension, rows.lowerBound >= 0,
            rows.upperBound <= embeddings.shape[0], rows.count <= batch
        else {
            throw .shape(
                .mismatch(
                    what: "gradients of embeddings", found: embeddings.shape, expected: [batch, dimension]))
        }
        guard images.shape.rank == 4, images.shape[0] >= rows.count,
            images.shape.dimensions.dropFirst().elementsEqual([3, height, width])
        else {
            throw .shape(
                .mismatch(
                    what: "gradients of images", found: images.shape,
                    expected: [rows.count, 3, height, width]))
        }
        guard !embedding.isEmpty else { throw .empty(what: "the image whose gradients are asked for") }
        embeddings.withUnsafeValues { embeddings in
            for (i, row) in rows.enumerated() {
                let start = row * dimension
                UnitVector.gradient(
                    UnsafeBufferPointer(rebasing: embeddings[start..<start + dimension]), at: embedding,
                    length: length, into: network.embeddingGradient(i))
            }
        }
        do throws(NeuralLayerError) { try network.run() } catch { throw .layer(error) }
        images.withUnsafeMutableValues { images in
            let size = 3 * height * width
            for i in 0..<rows.count {
                network.imageGradient(
                    i, into: UnsafeMutableBufferPointer(rebasing: images[i * size..<(i + 1) * size]))
            }
        }
    }
}
