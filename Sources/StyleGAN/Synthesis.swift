import NeuralLayers
import Tensors

/// The synthesis network at work: s → pictures, a batch at a time, or one style channel of a kept picture at a time.
///
/// Never forms per-sample weights: a layer's input is scaled by its style, convolved with the shared weights, and
/// its output scaled by the demodulation. Kernels and buffers are made once; one thread uses an object. A sample's picture does not depend on the others of its batch.
public final class Synthesis {
    /// The most pictures at once.
    public let batch: Int
    private let styleCount: Int
    /// The height and width of a picture.
    public let height, width: Int
    private let network: DepthFirstSynthesis
    private var keptStyles: [Float] = []
    private var keptLayer: Int?

    /// The layers that can be perturbed, in order: `StyleSpace.sweptLayers`.
    public let sweptLayers: [StyleLayer]

    /// - Parameters:
    ///   - kernels: The generator's, shared with other threads; nil for its own.
    ///   - resolution: The pictures' height where it is not the generator's: the blocks beyond it are left out, as in the
    ///     smaller pictures that a skip generator makes on its way.
    /// - Throws: `GeneratorError.layer` where oneDNN refuses a layer, `.range` for a batch of none or a resolution that no
    ///   block has.
    public init(
        _ generator: Generator, kernels: SynthesisKernels? = nil, batch: Int, resolution: Int? = nil
    ) throws(GeneratorError) {
        guard (1...4096).contains(batch) else {
            throw .range(what: "a batch of pictures", found: batch, allowed: 1..<4097)
        }
        self.batch = batch
        styleCount = generator.styleSpace.count
        let configuration = generator.configuration
        let resolution = resolution ?? configuration.resolution
        guard configuration.blocks.contains(where: { $0.resolution == resolution }) else {
            throw .range(
                what: "pictures of a height of", found: resolution, allowed: 4..<configuration.resolution + 1)
        }
        height = resolution
        width = configuration.width(at: resolution)
        sweptLayers = generator.styleSpace.sweptLayers.filter { $0.resolution <= resolution }
        let kernels = if let kernels { kernels } else { try SynthesisKernels(generator) }
        network = try DepthFirstSynthesis(generator, kernels, batch: batch, resolution: resolution)
    }

    /// The memory in bytes that an object takes, about, without the kernels.
    public static func memoryBytes(_ generator: Generator, batch: Int, resolution: Int? = nil) -> Int {
        SynthesisSizes(
            generator, batch: batch, resolution: resolution ?? generator.configuration.resolution
        ).bytes
    }

    /// The kernels of `sweptLayers`, for as many samples as go through them together: for measurements.
    public var convolutions: [StyledConvolution] { network.convolutions }

    /// s `[n, C_total]`, n ≤ batch → pictures `[n, 3, H, W]`, about −1…1, not clamped.
    /// - Throws: `GeneratorError` where the styles have another shape or are too many.
    public func images(styles: Tensor) throws(GeneratorError) -> Tensor {
        let samples = styles.shape.rank > 0 ? styles.shape[0] : 0
        guard (1...batch).contains(samples) else {
            throw .range(what: "a number of pictures of", found: samples, allowed: 1..<batch + 1)
        }
        let expected = try shaping { () throws(ShapeError) in try Shape([samples, styleCount]) }
        try shaping { () throws(ShapeError) in try styles.requireShape(expected, of: "s") }
        let shape = try shaping { () throws(ShapeError) in try Shape([samples, 3, height, width]) }
        var images = Tensor(zeros: shape)
        keptLayer = nil
        try styles.withUnsafeValues { (codes) throws(GeneratorError) in
            try images.withUnsafeMutableValues { (images) throws(GeneratorError) in
                try network.run(codes, count: samples) { sample, picture in
                    _ = images[(sample * picture.count)...].update(fromContentsOf: picture)
                }
            }
        }
        return images
    }

    /// Takes one picture's style code, whose channels are then changed one at a time.
    /// - Parameter styles: `[C_total]`
    /// - Throws: `GeneratorError` where the styles have another shape.
    public func keep(styles: Tensor) throws(GeneratorError) {
        try shaping { () throws(ShapeError) in
            guard styles.count == styleCount else {
                throw .mismatch(what: "s", found: styles.shape, expected: try Shape([styleCount]))
            }
        }
        keptStyles = styles.values
        keptLayer = nil
    }

    /// The kept picture with one style channel replaced, for each change: everything below the layer is computed once,
    /// of the layer itself only what the channel adds.
    ///
    /// - Parameters:
    ///   - layer: The layer's place among `sweptLayers`.
    ///   - changes: At most `batch`.
    ///   - sink: Gets the changes' pictures, `[3, H, W]` in planes, in their order; they are valid within the call only.
    /// - Throws: `GeneratorError` where a channel does not exist, the changes are too many, or nothing was kept; what
    ///   `sink` throws.
    public func perturbed(
        layer: Int, changes: [StyleChange],
        sink: (_ change: Int, _ picture: UnsafeBufferPointer<Float>) throws(GeneratorError) -> Void
    ) throws(GeneratorError) {
        guard sweptLayers.indices.contains(layer) else {
            throw .range(what: "layer", found: layer, allowed: sweptLayers.indices)
        }
        guard (1...batch).contains(changes.count) else {
            throw .range(what: "a number of changes of", found: changes.count, allowed: 1..<batch + 1)
        }
        guard keptStyles.count == styleCount else {
            throw .range(what: "a number of kept pictures of", found: 0, allowed: 1..<2)
        }
        let range = sweptLayers[layer].range
        for change in changes where !(0..<range.count).contains(change.channel) {
            throw .range(what: "channel", found: change.channel, allowed: 0..<range.count)
        }
        if keptLayer != layer {
            try keptStyles.withUnsafeBufferPointer { (styles) throws(GeneratorError) in
                try network.keep(styles, layer: layer)
            }
            keptLayer = layer
        }
        try network.run(changes, keptStyle: { keptStyles[range.lowerBound + $0] }, sink: sink)
    }

    /// The same into `images` `[batch, 3, H, W]`, of which the first are the changes' pictures.
    public func perturbed(
        layer: Int, changes: [StyleChange], into images: inout Tensor
    ) throws(GeneratorError) {
        let expected = try shaping { () throws(ShapeError) in try Shape([batch, 3, height, width]) }
        try shaping { () throws(ShapeError) in try images.requireShape(expected, of: "the pictures") }
        try images.withUnsafeMutableValues { (images) throws(GeneratorError) in
            try perturbed(layer: layer, changes: changes) { change, picture in
                _ = images[(change * picture.count)...].update(fromContentsOf: picture)
            }
        }
    }
}
