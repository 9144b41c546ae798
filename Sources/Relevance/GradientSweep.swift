import CLIP
import StyleGAN
import Tensors

/// One worker's table from gradients: how each style channel turns the embedding of an image, all channels at once.
///
/// The derivative of the unit embedding with respect to every style is d vector-Jacobian products, however many
/// channels there are; ∆i_c is the direction of the derivative's mean over images, each image's brought to unit norm, in
/// the place of the difference between two pictures ±α σ_c apart.
///
/// One thread calls an object at a time. What it returns depends on its arguments alone, not on the threads that work for
/// it.
public final class GradientSweep {
    private let generator: Generator
    private let settings: SweepSettings
    private let gradient: EmbeddingGradient
    /// Those that the picture is made of.
    private let sweptLayers: [StyleLayer]
    /// The gradients that go back, orthonormal rows: `[K, d]`.
    private let basis: Tensor
    private let isWhole: Bool
    // The worker's buffers, made once.
    private var products: Tensor  // [K, C_total]
    private var derivative: [Float]  // [d]

    /// The memory in bytes that a worker takes beside its networks: the products.
    public static func memoryBytes(styles: Int, products: Int) -> Int { 4 * styles * products }

    /// - Parameters:
    ///   - batch: Gradients that a thread takes back together.
    ///   - threads: How many share an image.
    ///   - sketch: The directions of the embedding that the derivative is taken along, orthonormal rows `[K, d]`; nil
    ///     for all of it.
    ///   - kernels: The generator's, shared with others; nil for its own.
    /// - Throws: `RelevanceError.setting` for a centre that has no picture, `.generator` or `.encoder` where the networks
    ///   refuse it, `.count` for a sketch of another width.
    public init(
        _ generator: Generator, _ model: CLIPModel, settings: SweepSettings, batch: Int, threads: Int = 1,
        sketch: Tensor? = nil, kernels: SynthesisGradientKernels? = nil
    ) throws(RelevanceError) {
        guard settings.centre == .sample else {
            throw .setting(
                name: "centre", value: settings.centre.rawValue,
                needed: "sample: a derivative is taken at the image's own style")
        }
        self.generator = generator
        self.settings = settings
        gradient = try EmbeddingGradient(
            generator, model, batch: batch, threads: threads, kernels: kernels,
            resolution: settings.renderResolution)
        sweptLayers = generator.styleSpace.sweptLayers.filter {
            $0.resolution <= settings.renderResolution ?? .max
        }
        let dimension = gradient.dimension
        if let sketch {
            guard sketch.shape.rank == 2, sketch.shape[0] > 0, sketch.shape[1] == dimension else {
                throw .count(what: "values of a sketch", found: sketch.count, expected: dimension)
            }
            basis = sketch
        } else {
            var identity = Tensor(zeros: [dimension, dimension])
            for i in 0..<dimension { identity[i * dimension + i] = 1 }
            basis = identity
        }
        isWhole = sketch == nil
        products = Tensor(zeros: [basis.shape[0], gradient.styleCount])
        derivative = [Float](repeating: 0, count: dimension)
    }

    /// z `[N, z_dim]` → s `[N, C_total]`, truncated as the settings say.
    public func styles(of latents: Tensor) throws(RelevanceError) -> Tensor {
        let truncation = Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
        return try generating { () throws(GeneratorError) in
            try generator.styles(z: latents, truncation: truncation)
        }
    }

    /// The derivatives of one of the seed's images: sums of one pair for every channel of some layers.
    ///
    /// - Parameter layers: Places among `StyleSpace.sweptLayers`.
    /// - Throws: `RelevanceError`, `.image` where picture, embedding or derivative are not finite.
    public func sums(layers: [Int], image: Int) throws(RelevanceError) -> [ChannelSums] {
        for layer in layers where !sweptLayers.indices.contains(layer) {
            throw .count(what: "place of a swept layer", found: layer, expected: sweptLayers.count)
        }
        let z = try LatentSamples.images(
            image..<image + 1, seed: settings.seed, dimension: generator.configuration.zDimension)
        do throws(RelevanceError) {
            _ = try gradient.keep(styles: styles(of: z))
            try gradient(basis, into: &products)
        } catch {
            throw .image(image, reason: error.description)
        }
        var sums: [ChannelSums] = []
        for layer in layers {
            let range = sweptLayers[layer].range
            var part = ChannelSums(channels: range.count, dimension: derivative.count)
            for (channel, position) in range.enumerated() {
                gather(position)
                try derivative.withUnsafeBufferPointer { (derivative) throws(RelevanceError) in
                    try part.add(derivative: derivative, to: channel)
                }
            }
            sums.append(part)
        }
        return sums
    }

    /// `derivative` = ∂E/∂s_c, from the products along the basis.
    private func gather(_ position: Int) {
        let (count, width) = (products.shape[0], products.shape[1])
        products.withUnsafeValues { products in
            if isWhole {
                for i in 0..<count { derivative[i] = products[i * width + position] }
                return
            }
            for i in derivative.indices { derivative[i] = 0 }
            basis.withUnsafeValues { basis in
                for k in 0..<count {
                    let along = products[k * width + position]
                    let row = k * derivative.count
                    for i in derivative.indices { derivative[i] += along * basis[row + i] }
                }
            }
        }
    }
}
