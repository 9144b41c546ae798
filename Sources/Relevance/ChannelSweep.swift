import CLIP
import NeuralLayers
import StyleGAN
import Tensors

/// One worker's sweep: how each style channel of a layer moves the embeddings of images.
///
/// One thread uses an object. What it returns depends on its arguments alone: not on what it did before, on other
/// workers, or on which pairs share a batch.
public final class ChannelSweep {
    private let generator: Generator
    private let settings: SweepSettings
    private let synthesis: Synthesis
    private let encoder: ImageEncoder
    private let dimension: Int

    /// Images that are rendered and embedded at a time unless told otherwise: enough to fill the products of the smallest
    /// maps. Larger maps go through in smaller parts.
    public static let imagesPerBatch = 32

    /// The pairs that fill a batch.
    private let pairsPerBatch: Int
    // The worker's buffers, made once.
    private var changes: [StyleChange] = []
    private var embeddings: Tensor  // [batch, d]

    /// - Parameters:
    ///   - kernels: The generator's, shared with other workers; nil for its own, of the same precision.
    ///   - batch: Images rendered and embedded at a time; two make a pair, so it is even.
    ///   - precision: What the factors of the generator's products are rounded to, those of shared kernels as they are.
    /// - Throws: `RelevanceError.setting` for an odd batch, `.generator` or `.encoder` where the networks refuse it.
    public init(
        _ generator: Generator, kernels: SynthesisKernels? = nil, _ model: CLIPModel, settings: SweepSettings,
        batch: Int = ChannelSweep.imagesPerBatch, precision: Precision = .float32
    ) throws(RelevanceError) {
        guard batch >= 2, batch.isMultiple(of: 2), batch <= 4096 else {
            throw .setting(name: "images a batch", value: "\(batch)", needed: "even and from 2 to 4096")
        }
        self.generator = generator
        self.settings = settings
        dimension = model.configuration.dimension
        pairsPerBatch = batch / 2
        let synthesis = try generating { () throws(GeneratorError) in
            let kernels =
                if let kernels { kernels } else { try SynthesisKernels(generator, precision: precision) }
            return try Synthesis(
                generator, kernels: kernels, batch: batch, resolution: settings.renderResolution)
        }
        self.synthesis = synthesis
        encoder = try encoding { () throws(CLIPError) in
            try model.imageEncoder(
                batch: batch, imageResolution: synthesis.height, imageWidth: synthesis.width)
        }
        embeddings = Tensor(zeros: [batch, dimension])
        changes.reserveCapacity(batch)
    }

    /// z `[N, z_dim]` → s `[N, C_total]`, truncated as the settings say.
    public func styles(of latents: Tensor) throws(RelevanceError) -> Tensor {
        let truncation = Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
        return try generating { () throws(GeneratorError) in
            try generator.styles(z: latents, truncation: truncation)
        }
    }

    /// Sweeps every channel of a layer on some images; the sums' channels are the layer's.
    ///
    /// - Parameters:
    ///   - layer: The layer's place among `StyleSpace.sweptLayers`.
    ///   - selection: Which of the seed's images.
    /// - Throws: `RelevanceError`, `.value` where an image has no finite embedding.
    public func sums(
        layer: Int, images selection: Range<Int>, statistics: StyleStatistics
    ) throws(RelevanceError) -> ChannelSums {
        let sweptLayers = synthesis.sweptLayers
        guard sweptLayers.indices.contains(layer) else {
            throw .count(what: "place of a swept layer", found: layer, expected: sweptLayers.count)
        }
        return try sums(
            layer: layer, channels: Array(0..<sweptLayers[layer].channels), images: selection,
            statistics: statistics)
    }

    /// Sweeps some channels of a layer on some images; the sums' channels are these, in their order.
    ///
    /// - Parameters:
    ///   - layer: The layer's place among `StyleSpace.sweptLayers`.
    ///   - channels: The channels' places in the layer.
    ///   - selection: Which of the seed's images.
    /// - Throws: `RelevanceError`, `.value` where an image has no finite embedding.
    public func sums(
        layer: Int, channels: [Int], images selection: Range<Int>, statistics: StyleStatistics
    ) throws(RelevanceError) -> ChannelSums {
        let sweptLayers = synthesis.sweptLayers
        guard sweptLayers.indices.contains(layer) else {
            throw .count(what: "place of a swept layer", found: layer, expected: sweptLayers.count)
        }
        if let stranger = channels.first(where: { !(0..<sweptLayers[layer].channels).contains($0) }) {
            throw .count(
                what: "place of a channel of \(sweptLayers[layer].name)", found: stranger,
                expected: sweptLayers[layer].channels)
        }
        guard statistics.mean.count == generator.styleSpace.count else {
            throw .count(
                what: "statistics of styles", found: statistics.mean.count,
                expected: generator.styleSpace.count)
        }
        var sums = ChannelSums(channels: channels.count, dimension: dimension)
        for image in selection {
            do throws(RelevanceError) {
                try sweep(layer: layer, channels: channels, image: image, statistics, into: &sums)
            } catch {
                throw .image(image, reason: "\(sweptLayers[layer].name): \(error.description)")
            }
        }
        return sums
    }

    private func sweep(
        layer: Int, channels: [Int], image: Int, _ statistics: StyleStatistics, into sums: inout ChannelSums
    ) throws(RelevanceError) {
        // 1. Draw an image's style code s.
        let style = try keepImage(image)
        for first in stride(from: 0, to: channels.count, by: pairsPerBatch) {
            let batch = first..<min(first + pairsPerBatch, channels.count)
            // 2. Move each channel to either side, s ± α σ_c e_c.
            movePairs(channels[batch], of: layer, around: style, statistics)
            // 3. Render both images of every pair and embed them.
            try embedPairs(of: layer)
            // 4. Add the unit change of the embedding; ∆i_c is the mean's direction.
            try addPairs(batch, to: &sums)
        }
    }

    /// Draws the image's latent from the seed's stream and keeps its activations; returns s `[C_total]`.
    private func keepImage(_ image: Int) throws(RelevanceError) -> Tensor {
        let z = try LatentSamples.images(
            image..<image + 1, seed: settings.seed, dimension: generator.configuration.zDimension)
        let style = try styles(of: z)
        try generating { () throws(GeneratorError) in try synthesis.keep(styles: style) }
        return style
    }

    /// Fills the batch with pairs, the raised channel before the lowered one.
    private func movePairs(
        _ channels: ArraySlice<Int>, of layer: Int, around style: Tensor, _ statistics: StyleStatistics
    ) {
        let start = synthesis.sweptLayers[layer].range.lowerBound
        changes.removeAll(keepingCapacity: true)
        for channel in channels {
            let position = start + channel
            let centre = settings.centre == .sample ? style[position] : statistics.mean[position]
            let reach = settings.alpha * statistics.deviation[position]
            changes.append(StyleChange(channel: channel, value: centre + reach))
            changes.append(StyleChange(channel: channel, value: centre - reach))
        }
    }

    /// Embeds each image as soon as it is rendered, while it is in the cache.
    private func embedPairs(of layer: Int) throws(RelevanceError) {
        var failure: CLIPError?
        try generating { () throws(GeneratorError) in
            try synthesis.perturbed(layer: layer, changes: changes) { change, picture in
                guard failure == nil else { return }
                do throws(CLIPError) {
                    try encoder.embed(
                        picture, at: change, isLast: change == changes.count - 1, into: &embeddings)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw .encoder(failure.description) }
    }

    private func addPairs(_ batch: Range<Int>, to sums: inout ChannelSums) throws(RelevanceError) {
        try embeddings.withUnsafeValues { embeddings throws(RelevanceError) in
            for (pair, channel) in batch.enumerated() {
                let row = 2 * pair * dimension
                try sums.add(
                    high: UnsafeBufferPointer(rebasing: embeddings[row..<row + dimension]),
                    low: UnsafeBufferPointer(rebasing: embeddings[row + dimension..<row + 2 * dimension]),
                    to: channel)
            }
        }
    }
}
