import NeuralLayers
import Tensors

/// The vector-Jacobian product of CLIP's image encoder: from gradients of an image's unit embedding to gradients of
/// the image.
///
/// One image goes forward and what every layer needs is kept; any number of gradients of its embedding then go back, a
/// batch at a time. Belongs to one thread at a time; objects of one model and batch share their weights. Nothing is
/// allocated on the way back.
public final class ImageEncoderGradient {
    /// The most gradients at once.
    public let batch: Int
    /// The height of the images, in pixels.
    public let imageResolution: Int
    /// Their width.
    public let imageWidth: Int
    /// The width of an embedding, d.
    public var dimension: Int { configuration.dimension }

    private let configuration: CLIPConfiguration
    private let tower: ImageTowerGradient
    private let preparation: ImagePreparation
    private let preparationGradient: ImagePreparationGradient

    // Of the image: rows of its tokens, `[tokens, …]`, and of the class token, `[1, …]`.
    private let patches, embedded, x, classX, classNormed, projected: Activations
    // Of the gradients, `[batch × tokens, …]` and `[batch, …]`.
    private let patchesGradient, xGradient, classGradient, classNormedGradient, projectedGradient: Activations

    private let embedPatches, embedPatchesGradient: Linear
    private let normPre, normPost: LayerNorm
    private let normPreGradient, normPostGradient: LayerNormGradient
    private let blocks: [TransformerBlockGradient]
    private let project, projectGradient: Linear

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
        self.configuration = configuration
        self.batch = batch
        self.imageResolution = side
        self.imageWidth = width
        let tower = try model.imageTowerGradient(batch: batch)
        self.tower = tower
        let (sizes, tokens) = (configuration.image, configuration.imageTokens)
        do {
            preparation = try ImagePreparation(height: side, width: width, for: configuration)
            preparationGradient = try ImagePreparationGradient(preparation, height: side, width: width)
            patches = try Activations(rows: tokens, width: tower.patches.inputs)
            embedded = try Activations(rows: tokens, width: sizes.width)
            x = try Activations(rows: tokens, width: sizes.width)
            classX = try Activations(rows: 1, width: sizes.width)
            classNormed = try Activations(rows: 1, width: sizes.width)
            projected = try Activations(rows: 1, width: configuration.dimension)
            patchesGradient = try Activations(rows: batch * tokens, width: tower.patches.inputs)
            xGradient = try Activations(rows: batch * tokens, width: sizes.width)
            classGradient = try Activations(rows: batch, width: sizes.width)
            classNormedGradient = try Activations(rows: batch, width: sizes.width)
            projectedGradient = try Activations(rows: batch, width: configuration.dimension)

            embedPatches = try Linear(tower.patches)
            embedPatchesGradient = try Linear(tower.patchesGradient)
            normPre = try LayerNorm(gain: tower.normPre.gain, bias: tower.normPre.bias, rows: tokens)
            normPost = try LayerNorm(gain: tower.normPost.gain, bias: tower.normPost.bias, rows: 1)
            normPreGradient = try LayerNormGradient(gain: tower.normPre.gain, rows: tokens)
            normPostGradient = try LayerNormGradient(gain: tower.normPost.gain, rows: 1)
            let scratch = try TransformerBlockGradient.Scratch(sizes, tokens: tokens, batch: batch)
            blocks = try tower.blocks.map {
                try TransformerBlockGradient(
                    $0, sizes, activation: configuration.activation, scratch: scratch)
            }
            project = try Linear(tower.projection)
            projectGradient = try Linear(tower.projectionGradient)
        } catch {
            throw CLIPError(error)
        }
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
        image.withUnsafeValues { preparation.patches(of: $0, into: patches, row: 0) }
        do throws(NeuralLayerError) {
            try forward()
        } catch {
            throw .layer(error)
        }
        let values = projected[row: 0]
        length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length.isFinite, length > 0 else { throw .notFinite(what: "an image's embedding") }
        UnitVector.normalise(values)
        embedding = Array(values)
        return embedding
    }

    /// The image's patches to `projected`.
    private func forward() throws(NeuralLayerError) {
        tower.positions.withUnsafeValues { _ = embedded.elements.update(fromContentsOf: $0) }
        try embedPatches(patches, into: embedded)  // [tokens, W]
        try normPreGradient.keep(embedded)
        try normPre(embedded, into: x)
        for block in blocks.dropLast() { try block.keep(x, asking: x) }
        _ = classX[row: 0].update(fromContentsOf: x[row: 0])
        try blocks.last?.keep(x, asking: classX)  // [1, W]
        try normPostGradient.keep(classX)
        try normPost(classX, into: classNormed)
        try project(classNormed, into: projected)  // [1, d]
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
                    length: length, into: projectedGradient[row: i])
            }
        }
        do throws(NeuralLayerError) {
            try backward()
        } catch {
            throw .layer(error)
        }
        images.withUnsafeMutableValues { images in
            let size = 3 * height * width
            for i in 0..<rows.count {
                preparationGradient(
                    patchesGradient, row: i * configuration.imageTokens,
                    into: UnsafeMutableBufferPointer(rebasing: images[i * size..<(i + 1) * size]))
            }
        }
    }

    /// `projectedGradient` `[batch, d]` to `patchesGradient`. Rows of gradients that are not there are what an earlier
    /// batch left: no other row depends on them.
    private func backward() throws(NeuralLayerError) {
        let rows = batch * configuration.imageTokens
        try projectGradient(projectedGradient, into: classNormedGradient)  // [batch, W]
        try normPostGradient(classNormedGradient, into: classGradient, count: batch)
        try blocks.last?(xGradient, asking: classGradient)  // [batch × tokens, W]
        for block in blocks.dropLast().reversed() { try block(xGradient, asking: xGradient) }
        try normPreGradient(xGradient, into: xGradient, count: rows)
        try embedPatchesGradient(xGradient, into: patchesGradient)  // [batch × tokens, 3 P P]
    }
}
