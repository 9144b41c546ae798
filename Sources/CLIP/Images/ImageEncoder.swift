import NeuralLayers
import Tensors

/// CLIP's image encoder: images in [−1, 1] to embeddings of length 1.
///
/// An image is prepared (`ImagePreparation`) and goes with others of its group through the network: a vision transformer
/// or a ResNet.
///
/// Belongs to one thread at a time; encoders of one model share their weights. Embedding into a tensor allocates
/// nothing.
public final class ImageEncoder {
    /// The most images at a time.
    public let batch: Int
    /// The height of the images given, in pixels.
    public let imageResolution: Int
    /// Their width.
    public let imageWidth: Int
    /// The width of an embedding, d.
    public let dimension: Int

    private let network: any ImageNetwork

    /// - Parameters:
    ///   - batch: the most images that `embed` will be given.
    ///   - imageResolution: the height of those images; nil for CLIP's own.
    ///   - imageWidth: their width; nil for the same as their height.
    /// - Throws: `CLIPError`.
    public init(
        _ model: CLIPModel, batch: Int, imageResolution: Int? = nil, imageWidth: Int? = nil
    ) throws(CLIPError) {
        let side = imageResolution ?? model.configuration.imageResolution
        let width = imageWidth ?? side
        guard (1...4096).contains(batch), (1...4096).contains(side), (1...4096).contains(width) else {
            throw .shape(.invalid([batch, 3, side, width]))
        }
        self.batch = batch
        self.imageResolution = side
        self.imageWidth = width
        dimension = model.configuration.dimension
        network = try model.imageNetwork(height: side, width: width)
    }

    /// The embeddings of the first `count` images.
    /// - Parameters:
    ///   - images: `[n, 3, H, W]` in about [−1, 1], n ≤ `batch`.
    ///   - count: how many of them; nil for all.
    ///   - embeddings: `[≥ count, d]`; its first rows become the embeddings, of length 1.
    /// - Throws: `CLIPError.shape`. An image that is not finite has an embedding that is not.
    public func embed(
        _ images: Tensor, count: Int? = nil, into embeddings: inout Tensor
    ) throws(CLIPError) {
        try embed(images, count: count, into: &embeddings, isNormalised: true)
    }

    /// The embeddings of images `[n, 3, H, W]`, `[n, d]`, of length 1.
    /// - Throws: `CLIPError`.
    public func embed(_ images: Tensor) throws(CLIPError) -> Tensor {
        var embeddings = Tensor(zeros: [images.shape.rank > 0 ? images.shape[0] : 0, dimension])
        try embed(images, into: &embeddings)
        return embeddings
    }

    func embed(
        _ images: Tensor, count: Int?, into embeddings: inout Tensor, isNormalised: Bool
    ) throws(CLIPError) {
        let (height, width) = (imageResolution, imageWidth)
        guard images.shape.rank == 4, images.shape.dimensions.dropFirst().elementsEqual([3, height, width])
        else {
            throw .shape(
                .mismatch(
                    what: "a batch of images", found: images.shape, expected: [batch, 3, height, width]))
        }
        let count = count ?? images.shape[0]
        guard count >= 0, count <= images.shape[0], count <= batch else {
            throw .shape(
                .mismatch(
                    what: "a batch of images", found: images.shape, expected: [batch, 3, height, width]))
        }
        guard embeddings.shape.rank == 2, embeddings.shape[0] >= count, embeddings.shape[1] == dimension
        else {
            throw .shape(
                .mismatch(
                    what: "a table of embeddings", found: embeddings.shape, expected: [count, dimension]))
        }
        try images.withUnsafeValues { (images) throws(CLIPError) in
            let size = 3 * height * width
            for place in 0..<count {
                try embed(
                    UnsafeBufferPointer(rebasing: images[place * size..<(place + 1) * size]), at: place,
                    isLast: place == count - 1, into: &embeddings, isNormalised: isNormalised)
            }
        }
    }

    /// Takes images one after another, as they are made: those that go through the network together are embedded when
    /// the last of them is there.
    ///
    /// - Parameters:
    ///   - image: `[3, H, W]`
    ///   - place: Its row of `embeddings`: 0, then one more each time.
    ///   - isLast: Whether no more follow.
    ///   - embeddings: `[> place, d]`
    /// - Throws: `CLIPError.shape`
    public func embed(
        _ image: UnsafeBufferPointer<Float>, at place: Int, isLast: Bool, into embeddings: inout Tensor
    ) throws(CLIPError) {
        guard image.count == 3 * imageResolution * imageWidth, place >= 0, embeddings.shape.rank == 2,
            embeddings.shape[0] > place, embeddings.shape[1] == dimension
        else {
            throw .shape(
                .mismatch(
                    what: "a table of embeddings", found: embeddings.shape, expected: [place + 1, dimension]))
        }
        try embed(image, at: place, isLast: isLast, into: &embeddings, isNormalised: true)
    }

    private func embed(
        _ image: UnsafeBufferPointer<Float>, at place: Int, isLast: Bool, into embeddings: inout Tensor,
        isNormalised: Bool
    ) throws(CLIPError) {
        let position = place % network.group
        network.take(image, place: position)
        guard isLast || position == network.group - 1 else { return }
        do throws(NeuralLayerError) {
            try network.run()
        } catch {
            throw .layer(error)
        }
        embeddings.withUnsafeMutableValues { embeddings in
            for i in 0...position {
                let start = (place - position + i) * dimension
                let row = UnsafeMutableBufferPointer(rebasing: embeddings[start..<start + dimension])
                _ = row.update(fromContentsOf: network.embedding(i))
                if isNormalised { UnitVector.normalise(row) }
            }
        }
    }
}
