import CLIP
import Dispatch
import NeuralLayers
import StyleGAN
import Synchronization
import Tensors

/// R of every style channel for one phrase without a table: a forward pass an image, and a few gradients back.
///
/// With J_c = ∂E/∂s_c of an image, the product along ∆t is J_c·∆t, and products along random directions tell |J_c|: for
/// v of independent normal numbers, (v·J_c)² is |J_c|² on average. A table's R_c is a cosine with the mean of unit
/// derivatives; here it is
///
///     R_c = mean(J_c·∆t) / (ρ √mean(|J_c|²))
///
/// where ρ² is the mean cosine between the derivatives of one channel on two images (one number for all channels, from
/// random directions that pairs of images share), so that a threshold β means the same in both.
public struct DirectRelevance: Sendable {
    /// Random directions an image: fewer where each takes the better part of a second.
    private var probes: Int { generator.configuration.resolution <= 256 ? 16 : 4 }

    private let generator: Generator
    private let model: CLIPModel
    private let settings: SweepSettings

    /// - Parameter settings: Seed and truncation of the images, and samples behind μ and σ.
    public init(_ generator: Generator, _ model: CLIPModel, settings: SweepSettings) {
        self.generator = generator
        self.model = model
        self.settings = settings
    }

    /// μ and σ of the settings' samples.
    public func statistics() throws(RelevanceError) -> StyleStatistics {
        var latents = LatentSamples(seed: settings.seed, dimension: generator.configuration.zDimension)
        var moments: [StyleMoments] = []
        var left = settings.statisticsSamples
        while left > 0 {
            let block = try latents.next(min(left, 1000))
            left -= 1000
            let styles = try generating { () throws(GeneratorError) in
                try generator.styles(z: block, truncation: truncation)
            }
            moments.append(try StyleMoments(of: styles))
        }
        return try StyleStatistics(blocks: moments)
    }

    private var truncation: Truncation {
        Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
    }

    /// R of every swept channel along ∆t: `[C]`, in [-1, 1].
    /// - Parameters:
    ///   - images: How many of the seed's images, from 2 on: what two images share sets the scale.
    ///   - workers: Threads, each with networks of its own; the result does not depend on it.
    /// - Throws: `RelevanceError`, `.image` where one of them is not finite.
    public func relevance(
        along text: TextDirection, images: Int, workers: Int
    ) throws(RelevanceError) -> [Float] {
        guard (2...1 << 16).contains(images) else {
            throw .setting(name: "images", value: "\(images)", needed: "from 2 to 65536")
        }
        guard text.values.count == model.configuration.dimension else {
            throw .count(
                what: "numbers of the text direction", found: text.values.count,
                expected: model.configuration.dimension)
        }
        let products = try allProducts(along: text, images: images, workers: max(1, min(workers, images)))
        return combined(products)
    }

    /// The products of every image: `[1 + probes, C_total]`, along ∆t and along the random directions.
    private func allProducts(
        along text: TextDirection, images: Int, workers: Int
    ) throws(RelevanceError) -> [Tensor] {
        let batch = 1 + probes
        let weights = try generating { () throws(GeneratorError) in
            try SynthesisGradientWeights(generator, batch: batch)
        }
        let next = Mutex(0)
        let done = Mutex<[Int: Tensor]>([:])
        let failure = Mutex<RelevanceError?>(nil)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            Threads.limit(to: 1)
            do throws(RelevanceError) {
                let gradient = try EmbeddingGradient(generator, model, batch: batch, weights: weights)
                while failure.withLock({ $0 == nil }) {
                    let image = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard image < images else { return }
                    let products = try products(of: image, along: text, gradient)
                    done.withLock { $0[image] = products }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return done.withLock { done in (0..<images).compactMap { done[$0] } }
    }

    private func products(
        of image: Int, along text: TextDirection, _ gradient: EmbeddingGradient
    ) throws(RelevanceError) -> Tensor {
        let z = try LatentSamples.images(
            image..<image + 1, seed: settings.seed, dimension: generator.configuration.zDimension)
        // Two neighbouring images share their random directions.
        var random = NumPyRandomState(
            seed: settings.seed &+ UInt32(truncatingIfNeeded: image / 2) &* 2_654_435_761)
        let width = text.values.count
        var directions = Tensor(zeros: [1 + probes, width])
        let rows = text.values + random.gaussians(probes * width)
        directions.withUnsafeMutableValues { _ = $0.update(fromContentsOf: rows) }
        var products = Tensor(zeros: [1 + probes, gradient.styleCount])
        do throws(RelevanceError) {
            let styles = try generating { () throws(GeneratorError) in
                try generator.styles(z: z, truncation: truncation)
            }
            _ = try gradient.keep(styles: styles)
            try gradient(directions, into: &products)
        } catch {
            throw .image(image, reason: error.description)
        }
        return products
    }

    private func combined(_ products: [Tensor]) -> [Float] {
        let total = generator.styleSpace.count
        let positions = generator.styleSpace.sweptLayers.flatMap { Array($0.range) }
        var (along, squares, cosines) = ([Double](), [Double](), [Double]())
        for position in positions {
            var (sum, square, shared) = (0.0, 0.0, 0.0)
            for (image, product) in products.enumerated() {
                sum += Double(product[position])
                for probe in 1...probes {
                    let value = Double(product[probe * total + position])
                    square += value * value
                    if image.isMultiple(of: 2), image + 1 < products.count {
                        shared += value * Double(products[image + 1][probe * total + position])
                    }
                }
            }
            let pairs = products.count / 2
            along.append(sum / Double(products.count))
            squares.append(square / Double(products.count * probes))
            let meanProduct = shared / Double(pairs * probes)
            if square > 0 { cosines.append(meanProduct / (square / Double(products.count * probes))) }
        }
        cosines.sort()
        // Noise may leave little of it; a channel's derivatives on two images never agree that badly as a rule.
        let agreement = max(0.05, cosines.isEmpty ? 1 : cosines[cosines.count / 2])
        return zip(along, squares).map { along, square in
            guard square > 0 else { return 0 }
            return Float(max(-1, min(1, along / (square * min(1, agreement)).squareRoot())))
        }
    }
}
