import Checkpoints
import NeuralLayers
import Tensors

/// The weights of the vision transformer.
struct VisionWeights: Sendable {
    /// `[width, 3 × patch × patch]`
    let patches: Tensor
    /// `[width]`
    let classToken: Tensor
    /// `[1 + grid², width]`
    let positions: Tensor
    let firstNorm: LayerNorm
    let transformer: Transformer
    let lastNorm: LayerNorm
    /// `[width, d]`
    let projection: Tensor

    init(_ checkpoint: Checkpoint, _ configuration: CLIPConfiguration) throws(CLIPError) {
        let (width, patch) = (configuration.visionWidth, configuration.patchSize)
        let grid = configuration.imageResolution / patch
        patches = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("visual.conv1.weight", shape: [width, 3, patch, patch])
        }
        classToken = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("visual.class_embedding", shape: [width])
        }
        positions = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("visual.positional_embedding", shape: [grid * grid + 1, width])
        }
        firstNorm = try LayerNorm(checkpoint, "visual.ln_pre", width: width)
        transformer = try Transformer(
            checkpoint, prefix: "visual.transformer.", width: width, heads: configuration.visionHeads,
            isCausal: false)
        lastNorm = try LayerNorm(checkpoint, "visual.ln_post", width: width)
        projection = try reading { () throws(CheckpointError) in
            try checkpoint.tensor("visual.proj", shape: [width, configuration.dimension])
        }
    }
}

/// CLIP's image encoder for batches of a generator's pictures: resize, normalise, vision transformer, unit norm.
///
/// Belongs to one thread. Every call computes a whole batch, so that an embedding does not depend on how full it was.
public final class ImageEncoder {
    /// CLIP's own mean and deviation of the colours 0…1.
    private static let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
    private static let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

    public let batch: Int
    public let dimension: Int
    private let weights: VisionWeights
    private let side: Int
    private let patch: Int
    private let imageResolution: Int
    private var resize: BicubicResize?
    private var clamped: [Float]
    private var colours: [Float]
    private var columns: Tensor
    private var embedded: Tensor
    private var tokens: Tensor
    private var classes: Tensor
    private var result: Tensor
    private let lengths: [Int]
    private let workspace: Transformer.Workspace

    init(_ model: CLIPModel, batch: Int, imageResolution: Int) throws(CLIPError) {
        let configuration = model.configuration
        guard (1...4096).contains(batch), (1...4096).contains(imageResolution) else {
            throw .shape(.invalid([batch, 3, imageResolution, imageResolution]))
        }
        self.batch = batch
        self.imageResolution = imageResolution
        weights = model.vision
        dimension = configuration.dimension
        side = configuration.imageResolution
        patch = configuration.patchSize
        let (width, grid) = (configuration.visionWidth, side / patch)
        resize = imageResolution == side ? nil : BicubicResize(from: imageResolution, to: side)
        clamped = [Float](repeating: 0, count: imageResolution * imageResolution)
        colours = [Float](repeating: 0, count: side * side)
        let (cells, length) = (grid * grid, grid * grid + 1)
        let inner = 3 * patch * patch
        columns = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([batch * cells, inner]) })
        embedded = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([batch * cells, width]) })
        tokens = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([batch * length, width]) })
        classes = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([batch, width]) })
        result = Tensor(
            zeros: try shaping { () throws(ShapeError) in try Shape([batch, configuration.dimension]) })
        lengths = [Int](repeating: length, count: batch)
        workspace = Transformer.Workspace(rows: batch * length, longest: length, width: width)
    }

    /// Pictures `[n, 3, R, R]` of about −1…1, n ≤ batch → unit embeddings `[batch, d]`, the first n of which count.
    /// - Throws: `CLIPError.shape` where the pictures or the place for the result have another shape.
    public func embed(_ images: Tensor, into embeddings: inout Tensor) throws(CLIPError) {
        let count = images.shape.rank == 4 ? images.shape[0] : 0
        guard (1...batch).contains(count), images.shape[1] == 3, images.shape[2] == imageResolution,
            images.shape[3] == imageResolution
        else {
            throw .shape(
                .mismatch(
                    what: "a batch of pictures", found: images.shape,
                    expected: [batch, 3, imageResolution, imageResolution]))
        }
        let expected = result.shape
        try shaping { () throws(ShapeError) in try embeddings.requireShape(expected, of: "embeddings") }
        images.withUnsafeValues { images in
            guard let start = images.baseAddress else { return }
            for image in 0..<count { prepare(start + image * 3 * imageResolution * imageResolution, image) }
        }
        let (cells, width) = (lengths[0] - 1, weights.firstNorm.width)
        try layering { () throws(NeuralLayerError) in
            let rows = batch * cells
            let inner = 3 * patch * patch
            try columns.withUnsafeValues { (columns) throws(NeuralLayerError) in
                try weights.patches.withUnsafeValues { (patches) throws(NeuralLayerError) in
                    try embedded.withUnsafeMutableValues { (embedded) throws(NeuralLayerError) in
                        guard let a = columns.baseAddress, let b = patches.baseAddress,
                            let c = embedded.baseAddress
                        else { return }
                        try MatrixProduct.multiply(
                            .init(a, rows: rows, columns: inner), .init(b, rows: width, columns: inner),
                            into: c,
                            stride: width)
                    }
                }
            }
            placeTokens(cells: cells, width: width)
            try tokens.withUnsafeMutableValues { (tokens) throws(NeuralLayerError) in
                guard let tokens = tokens.baseAddress else { return }
                // The first norm works in place: a row is read before it is written.
                weights.firstNorm(tokens, stride: width, into: tokens, rows: batch * (cells + 1))
                try weights.transformer(tokens, lengths: lengths, workspace: workspace)
                classes.withUnsafeMutableValues { classes in
                    guard let classes = classes.baseAddress else { return }
                    weights.lastNorm(tokens, stride: (cells + 1) * width, into: classes, rows: batch)
                }
            }
            try project(classes, weights.projection, rows: batch, into: &embeddings)
        }
        embeddings.withUnsafeMutableValues { values in
            for row in stride(from: 0, to: values.count, by: dimension) {
                var sum: Float = 0
                for i in row..<row + dimension { sum += values[i] * values[i] }
                let scale = 1 / sum.squareRoot()
                for i in row..<row + dimension { values[i] *= scale }
            }
        }
    }

    /// Clamp, colours 0…1, resize, clamp, normalise; then the patches of one picture as rows of `columns`.
    private func prepare(_ picture: UnsafePointer<Float>, _ image: Int) {
        let (side, patch, pixels) = (side, patch, imageResolution * imageResolution)
        let grid = side / patch
        for plane in 0..<3 {
            for i in 0..<pixels { clamped[i] = (min(max(picture[plane * pixels + i], -1), 1) + 1) / 2 }
            if resize != nil {
                clamped.withUnsafeBufferPointer { from in
                    colours.withUnsafeMutableBufferPointer { to in
                        guard let from = from.baseAddress, let to = to.baseAddress else { return }
                        resize?(from, into: to)
                    }
                }
            } else {
                for i in 0..<pixels { colours[i] = clamped[i] }
            }
            let (mean, scale) = (Self.mean[plane], 1 / Self.deviation[plane])
            columns.withUnsafeMutableValues { columns in
                for y in 0..<side {
                    for x in 0..<side {
                        let row = (image * grid + y / patch) * grid + x / patch
                        let column = (plane * patch + y % patch) * patch + x % patch
                        let colour = min(max(colours[y * side + x], 0), 1)
                        columns[row * 3 * patch * patch + column] = (colour - mean) * scale
                    }
                }
            }
        }
    }

    /// The class token and the embedded patches, with their positions.
    private func placeTokens(cells: Int, width: Int) {
        tokens.withUnsafeMutableValues { tokens in
            embedded.withUnsafeValues { embedded in
                weights.positions.withUnsafeValues { positions in
                    weights.classToken.withUnsafeValues { classToken in
                        for image in 0..<batch {
                            let start = image * (cells + 1) * width
                            for i in 0..<width { tokens[start + i] = classToken[i] + positions[i] }
                            let from = image * cells * width
                            for i in 0..<cells * width {
                                tokens[start + width + i] = embedded[from + i] + positions[width + i]
                            }
                        }
                    }
                }
            }
        }
    }
}
