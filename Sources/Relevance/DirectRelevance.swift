import CLIP
import Dispatch
import NeuralLayers
import StyleGAN
import Synchronization
import Tensors

/// R of every style channel for one phrase without a table: a forward pass an image, and a few gradients back.
///
/// With J_c = ∂E/∂s_c of an image, a product along ∆t gives J_c·∆t, of which an image's share of a table's row is the part
/// that is left when J_c is brought to unit length. The length is about told by products along a few directions q that are
/// orthonormal, orthogonal to ∆t, and otherwise random:
///
///     |J_c|² ≈ (J_c·∆t)² + (d − 1)/P Σ_p (J_c·q_p)²        R_c = mean(J_c·∆t / |J_c|) / ρ
///
/// A table's R_c is a cosine with the mean of unit derivatives; ρ, that mean's length, is one number for all channels: ρ² is
/// the cosine between the derivatives of one channel on two images, which share their random directions. So a threshold β
/// means the same in both.
public struct DirectRelevance: Sendable {
    /// P. More were measured to bring R no nearer to that of a table from the same images.
    private static let probes = 15

    private let generator: Generator
    private let model: CLIPModel
    private let settings: SweepSettings
    private let styles: Tensor?

    /// - Parameters:
    ///   - settings: Seed and truncation of the images, and samples behind μ and σ.
    ///   - styles: The images' style codes, `[N, C_total]`, where they are not the seed's.
    public init(
        _ generator: Generator, _ model: CLIPModel, settings: SweepSettings, styles: Tensor? = nil
    ) {
        self.generator = generator
        self.model = model
        self.settings = settings
        self.styles = styles
    }

    /// μ and σ of the settings' samples.
    public func statistics() throws(RelevanceError) -> StyleStatistics {
        var latents = LatentSamples(seed: settings.seed, dimension: generator.configuration.zDimension)
        var moments: StyleMoments?
        var left = settings.statisticsSamples
        while left > 0 {
            let block = try latents.next(min(left, 1000))
            left -= 1000
            let styles = try generating { () throws(GeneratorError) in
                try generator.styles(z: block, truncation: truncation)
            }
            let more = try StyleMoments(of: styles)
            if moments == nil { moments = more } else { try moments?.merge(more) }
        }
        return try StyleStatistics(blocks: moments.map { [$0] } ?? [])
    }

    private var truncation: Truncation {
        Truncation(psi: settings.truncationPsi, cutoff: settings.truncationCutoff)
    }

    /// R of every swept channel along ∆t: `[C]`, in [-1, 1].
    /// - Parameters:
    ///   - images: How many of the images, from 2 on: what two images share sets the scale.
    ///   - workers: Threads, each with networks of its own; the result does not depend on it.
    ///   - progress: Called with how many images are done, by one thread at a time.
    /// - Throws: `RelevanceError`, `.image` where one of them is not finite.
    public func relevance(
        along text: TextDirection, images: Int, workers: Int,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(RelevanceError) -> [Float] {
        let most = styles.map { $0.shape.rank == 2 ? $0.shape[0] : 0 } ?? 1 << 16
        guard images >= 2, images <= most else {
            throw .setting(name: "images", value: "\(images)", needed: "from 2 to \(most)")
        }
        guard text.values.count == model.configuration.dimension else {
            throw .count(
                what: "numbers of the text direction", found: text.values.count,
                expected: model.configuration.dimension)
        }
        let workers = max(1, min(workers, images))
        return try sums(along: text, images: images, workers: workers, progress).relevance()
    }

    private func sums(
        along text: TextDirection, images: Int, workers: Int, _ progress: @escaping @Sendable (Int) -> Void
    ) throws(RelevanceError) -> DirectSums {
        let kernels = try generating { () throws(GeneratorError) in try SynthesisGradientKernels(generator) }
        // A large picture's threads share it; smaller ones are taken side by side.
        let threads = EmbeddingGradient.threadsAnImage(generator, of: workers)
        let batch = EmbeddingGradient.batch(generator, products: Self.probes + 1)
        let next = Mutex(0)
        let sums = Mutex(
            DirectSums(
                of: generator.styleSpace, images: images, dimension: model.configuration.dimension))
        let failure = Mutex<RelevanceError?>(nil)
        DispatchQueue.concurrentPerform(iterations: workers / threads) { _ in
            Threads.limit(to: 1)
            do throws(RelevanceError) {
                let gradient = try EmbeddingGradient(
                    generator, model, batch: batch, threads: threads, kernels: kernels)
                while failure.withLock({ $0 == nil }) {
                    let image = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard image < images else { return }
                    let products = try products(of: image, along: text, gradient)
                    sums.withLock { sums in
                        sums.add(products, ofImage: image)
                        progress(sums.count)
                    }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return sums.withLock { $0 }
    }

    /// An image's products, `[1 + P, C_total]`: along ∆t and along the random directions.
    private func products(
        of image: Int, along text: TextDirection, _ gradient: EmbeddingGradient
    ) throws(RelevanceError) -> Tensor {
        let style = try style(ofImage: image)
        let directions = directions(text, image: image)
        let width = text.values.count
        var rows = Tensor(zeros: [directions.count, width])
        rows.withUnsafeMutableValues { _ = $0.update(fromContentsOf: directions.joined().map(Float.init)) }
        var products = Tensor(zeros: [directions.count, gradient.styleCount])
        do throws(RelevanceError) {
            _ = try gradient.keep(styles: style)
            try gradient(rows, into: &products)
        } catch {
            throw .image(image, reason: error.description)
        }
        return products
    }

    /// `[1, C_total]`
    private func style(ofImage image: Int) throws(RelevanceError) -> Tensor {
        if let styles {
            let width = styles.shape[1]
            let row = styles.withUnsafeValues { Array($0[image * width..<(image + 1) * width]) }
            do {
                return try Tensor(row, shape: [1, width])
            } catch {
                throw .shape(error)
            }
        }
        let z = try LatentSamples.images(
            image..<image + 1, seed: settings.seed, dimension: generator.configuration.zDimension)
        return try generating { () throws(GeneratorError) in
            try generator.styles(z: z, truncation: truncation)
        }
    }

    /// ∆t, and P random directions that are orthonormal with it; fewer where there are no more.
    private func directions(_ text: TextDirection, image: Int) -> [[Double]] {
        // Two neighbouring images share them.
        var random = NumPyRandomState(
            seed: settings.seed &+ UInt32(truncatingIfNeeded: image / 2) &* 2_654_435_761)
        var directions = [text.values.map(Double.init)]
        while directions.count <= min(Self.probes, text.values.count - 1) {
            var direction = random.gaussians(text.values.count).map(Double.init)
            // Gram and Schmidt; twice, for what the first leaves in rounding.
            for other in directions + directions {
                let along = zip(direction, other).reduce(0) { $0 + $1.0 * $1.1 }
                for i in direction.indices { direction[i] -= along * other[i] }
            }
            let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
            directions.append(direction.map { $0 / length })
        }
        return directions
    }
}
