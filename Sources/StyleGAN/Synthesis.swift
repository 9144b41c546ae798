import NeuralLayers
import Tensors

/// The synthesis network at work: s → pictures, a batch at a time, or one style channel of a kept picture at a time.
///
/// Never forms per-sample weights: a layer's input is scaled by its style, convolved with the shared weights, and
/// its output scaled by the demodulation. Primitives and buffers are made once; one thread uses an object, and calls
/// `Threads.limit(to:)` before it makes one. A sample's picture does not depend on the others of its batch.
public final class Synthesis {
    /// The most pictures at once.
    public let batch: Int
    private let styleCount: Int
    /// The height and width of a picture.
    private let height, width: Int
    private let many: SynthesisPlan
    /// The kept picture's own plan.
    private let one: SynthesisPlan
    private var keptStyles: [Float] = []

    /// The layers that can be perturbed, in order: `StyleSpace.sweptLayers`.
    public let sweptLayers: [StyleLayer]

    /// - Throws: `GeneratorError.layer` where oneDNN refuses a layer, `.range` for a batch of none.
    public init(_ generator: Generator, batch: Int) throws(GeneratorError) {
        guard (1...4096).contains(batch) else {
            throw .range(what: "a batch of pictures", found: batch, allowed: 1..<4097)
        }
        self.batch = batch
        styleCount = generator.styleSpace.count
        height = generator.configuration.resolution
        width = generator.configuration.width
        sweptLayers = generator.styleSpace.sweptLayers
        let scratchpad = Scratchpad()
        many = try SynthesisPlan(generator, batch: batch, keepsActivations: false, scratchpad: scratchpad)
        one = try SynthesisPlan(generator, batch: 1, keepsActivations: true, scratchpad: scratchpad)
    }

    /// The memory in bytes that an object of this batch takes, about: maps, kept activations and packed weights.
    public static func memoryBytes(_ generator: Generator, batch: Int) -> Int {
        generator.synthesis.layers.reduce(0) { total, layer in
            let map = max(layer.inputChannels, layer.outputChannels) * layer.resolution * layer.width
            // Two maps of the largest layer are shared by all; the convolutions' own scratch takes the rest: measured
            // at 1024 × 1024, a worker holds about eight of the largest map.
            return max(total, map * batch * 4 * 8)
        }
            + generator.synthesis.layers.reduce(0) { total, layer in
                total + 4 * layer.inputChannels * layer.resolution * layer.width
                    + 8 * 4 * 9 * layer.inputChannels * layer.outputChannels
            }
    }

    /// s `[n, C_total]`, n ≤ batch → pictures `[n, 3, H, W]`, about −1…1, not clamped.
    /// - Throws: `GeneratorError` where the styles have another shape or are too many.
    public func images(styles: Tensor) throws(GeneratorError) -> Tensor {
        let samples = styles.shape.rank > 0 ? styles.shape[0] : 0
        guard (1...batch).contains(samples) else {
            throw .range(what: "a number of pictures of", found: samples, allowed: 1..<batch + 1)
        }
        let expected = try shaping { () throws(ShapeError) in try Shape([samples, styleCount]) }
        try shaping { () throws(ShapeError) in try styles.requireShape(expected, of: "s") }
        styles.withUnsafeValues { values in
            for sample in 0..<batch {
                // A batch that is not full repeats its last sample.
                let row = min(sample, samples - 1) * styleCount
                for i in 0..<styleCount { many.styles[sample * styleCount + i] = values[row + i] }
            }
        }
        try many.run()
        let shape = try shaping { () throws(ShapeError) in try Shape([samples, 3, height, width]) }
        var images = Tensor(zeros: shape)
        many.copyPictures(into: &images)
        return images
    }

    /// Runs one picture and keeps what every layer takes.
    /// - Parameter styles: `[C_total]`
    /// - Throws: `GeneratorError` where the styles have another shape.
    public func keep(styles: Tensor) throws(GeneratorError) {
        try shaping { () throws(ShapeError) in
            guard styles.count == styleCount else {
                throw .mismatch(what: "s", found: styles.shape, expected: try Shape([styleCount]))
            }
        }
        keptStyles = styles.values
        one.styles.replaceSubrange(0..<styleCount, with: keptStyles)
        try one.run()
    }

    /// The kept picture with one style channel replaced, for each change; everything below the layer is reused.
    ///
    /// - Parameters:
    ///   - layer: The layer's place among `sweptLayers`.
    ///   - changes: At most `batch`.
    ///   - images: `[batch, 3, H, W]`; the pictures of the changes come first, what follows them means nothing.
    /// - Throws: `GeneratorError` where a channel does not exist, the changes are too many, or nothing was kept.
    public func perturbed(
        layer: Int, changes: [StyleChange], into images: inout Tensor
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
        let expected = try shaping { () throws(ShapeError) in try Shape([batch, 3, height, width]) }
        try shaping { () throws(ShapeError) in try images.requireShape(expected, of: "the pictures") }
        let range = sweptLayers[layer].range
        for sample in 0..<batch {
            let change = changes[min(sample, changes.count - 1)]
            guard change.channel >= 0, change.channel < range.count else {
                throw .range(what: "channel", found: change.channel, allowed: 0..<range.count)
            }
            let row = sample * styleCount
            for i in 0..<styleCount { many.styles[row + i] = keptStyles[i] }
            many.styles[row + range.lowerBound + change.channel] = change.value
        }
        try many.run(from: layer, of: one)
        many.copyPictures(into: &images)
    }
}
