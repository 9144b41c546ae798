import NeuralLayers
import Tensors

/// CLIP's image encoder: images in [−1, 1] to embeddings of length 1.
///
/// An image is prepared (`ImagePreparation`); its patches and the class token go through the transformer. Of the last
/// block only the class token's row is computed, for nothing else is asked.
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
    public var dimension: Int { configuration.dimension }

    private let configuration: CLIPConfiguration
    private let tower: ImageTower
    private let preparation: ImagePreparation

    // The rows of one group of images, `[group × tokens, …]`.
    private let patches, embedded, x, queries, keysAndValues, context: Activations
    // Their class tokens' rows, `[group, …]`.
    private let classX, classQueries, classContext, classNormed, projected: Activations

    private let embedPatches: Linear
    private let normPre: LayerNorm
    private let blocks: [TransformerBlock]
    private let attention: Attention
    private let lastBlock: TransformerBlock
    private let classAttention: Attention
    private let normPost: LayerNorm
    private let project: Linear

    /// - Parameters:
    ///   - batch: the most images that `embed` will be given.
    ///   - imageResolution: the height of those images; nil for CLIP's own.
    ///   - imageWidth: their width; nil for the same as their height.
    /// - Throws: `CLIPError`.
    public init(
        _ model: CLIPModel, batch: Int, imageResolution: Int? = nil, imageWidth: Int? = nil
    ) throws(CLIPError) {
        let configuration = model.configuration
        let sizes = configuration.image
        let tokens = configuration.imageTokens
        self.configuration = configuration
        let side = imageResolution ?? configuration.imageResolution
        let width = imageWidth ?? side
        guard (1...4096).contains(batch), (1...4096).contains(side), (1...4096).contains(width) else {
            throw .shape(.invalid([batch, 3, side, width]))
        }
        self.batch = batch
        self.imageResolution = side
        self.imageWidth = width
        tower = try model.imageTower()
        do {
            let group = tower.group
            let rows = group * tokens
            preparation = try ImagePreparation(height: side, width: width, for: configuration)
            patches = try Activations(rows: rows, width: tower.patches.inputs)
            embedded = try Activations(rows: rows, width: sizes.width)
            x = try Activations(rows: rows, width: sizes.width)
            queries = try Activations(rows: rows, width: sizes.width)
            keysAndValues = try Activations(rows: rows, width: 2 * sizes.width)
            context = try Activations(rows: rows, width: sizes.width)
            classX = try Activations(rows: group, width: sizes.width)
            classQueries = try Activations(rows: group, width: sizes.width)
            classContext = try Activations(rows: group, width: sizes.width)
            classNormed = try Activations(rows: group, width: sizes.width)
            projected = try Activations(rows: group, width: configuration.dimension)

            embedPatches = try Linear(tower.patches)
            normPre = try LayerNorm(gain: tower.normPre.gain, bias: tower.normPre.bias, rows: rows)
            let hidden = try Activations(rows: rows, width: sizes.hiddenWidth)
            let normed = try Activations(rows: rows, width: sizes.width)
            blocks = try tower.blocks.dropLast().map {
                try TransformerBlock($0, normed: normed, hidden: hidden)
            }
            let headWidth = sizes.width / sizes.heads
            attention = try Attention(
                sequences: group, queries: tokens, keys: tokens, heads: sizes.heads, headWidth: headWidth)
            lastBlock = try TransformerBlock(
                tower.blocks[tower.blocks.count - 1], normed: normed, hidden: hidden)
            classAttention = try Attention(
                sequences: group, queries: 1, keys: tokens, heads: sizes.heads, headWidth: headWidth)
            normPost = try LayerNorm(gain: tower.normPost.gain, bias: tower.normPost.bias, rows: group)
            project = try Linear(tower.projection)
        } catch {
            throw CLIPError(error)
        }
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

    /// Takes images one after another, as they are made: those that go through the transformer together are embedded when
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
        let position = place % tower.group
        preparation.patches(of: image, into: patches, row: position * configuration.imageTokens)
        guard isLast || position == tower.group - 1 else { return }
        do throws(NeuralLayerError) {
            try embedGroup()
        } catch {
            throw .layer(error)
        }
        embeddings.withUnsafeMutableValues { embeddings in
            for i in 0...position {
                let start = (place - position + i) * dimension
                let row = UnsafeMutableBufferPointer(rebasing: embeddings[start..<start + dimension])
                _ = row.update(fromContentsOf: projected[row: i])
                if isNormalised { UnitVector.normalise(row) }
            }
        }
    }

    /// `patches` `[group × tokens, 3 P P]` to `projected` `[group, d]`. Rows of images that are not there are what an
    /// earlier group left: no other row depends on them.
    private func embedGroup() throws(NeuralLayerError) {
        let tokens = configuration.imageTokens
        let group = tower.group
        tower.positions.withUnsafeValues { positions in
            for i in 0..<group {
                let rows = embedded.elements[i * positions.count..<(i + 1) * positions.count]
                _ = UnsafeMutableBufferPointer(rebasing: rows).update(fromContentsOf: positions)
            }
        }
        try embedPatches(patches, into: embedded)  // [group × tokens, W]
        try normPre(embedded, into: x)
        for block in blocks {
            try block.project(x, queries: queries, keysAndValues: keysAndValues)
            try attention(queries: queries, keysAndValues: keysAndValues, into: context)
            try block.finish(context, x)
        }
        try lastBlock.projectKeysAndValues(x, into: keysAndValues)
        for i in 0..<group { _ = classX[row: i].update(fromContentsOf: x[row: i * tokens]) }  // [group, W]
        try lastBlock.projectQueries(classX, into: classQueries)
        try classAttention(queries: classQueries, keysAndValues: keysAndValues, into: classContext)
        try lastBlock.finish(classContext, classX)
        try normPost(classX, into: classNormed)
        try project(classNormed, into: projected)  // [group, d]
    }
}
