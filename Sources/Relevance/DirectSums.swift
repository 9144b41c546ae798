import StyleGAN
import Tensors

/// What the products of `DirectRelevance` add up to, image after image in their order, whenever each of them is done: so
/// that only those are kept that wait for an earlier one.
struct DirectSums {
    private let images: Int
    /// C_total, and where the swept channels stand in it.
    private let total: Int
    private let positions: [Int]
    /// d
    private let dimension: Int
    /// Images that were given.
    private(set) var count = 0
    private var waiting: [Int: Tensor] = [:]
    private var added = 0
    /// Σ of the derivatives at about unit length along ∆t: `[C]`.
    private var along: [Double]
    /// Σ over pairs of images of the cosine of their derivatives: `[C]`.
    private var shared: [Double]
    /// Channels that move the embedding along ∆t in some image.
    private var isMoving: [Bool]

    init(of space: StyleSpace, images: Int, dimension: Int) {
        self.images = images
        self.dimension = dimension
        total = space.count
        positions = space.sweptLayers.flatMap { Array($0.range) }
        along = [Double](repeating: 0, count: positions.count)
        shared = along
        isMoving = [Bool](repeating: false, count: positions.count)
    }

    /// - Parameter products: `[1 + P, C_total]`
    mutating func add(_ products: Tensor, ofImage image: Int) {
        waiting[image] = products
        count += 1
        while added < images {
            let pair = added..<min(added + 2, images)
            let products = pair.compactMap { waiting[$0] }
            guard products.count == pair.count else { return }
            add(products)
            for image in pair { waiting[image] = nil }
            added = pair.upperBound
        }
    }

    /// Two images that share their random directions, or a last one alone.
    private mutating func add(_ products: [Tensor]) {
        let probes = products[0].shape[0] - 1
        let weight = probes > 0 ? Double(dimension - 1) / Double(probes) : 0
        for (channel, position) in positions.enumerated() {
            // Each image's derivative at about unit length: along ∆t, then along the random directions.
            let units = products.map { product -> [Double] in
                let parts = (0...probes).map { Double(product[$0 * total + position]) }
                let rest = parts.dropFirst().reduce(0) { $0 + $1 * $1 }
                let length = (parts[0] * parts[0] + weight * rest).squareRoot()
                return length > 0 ? parts.map { $0 / length } : parts
            }
            for unit in units {
                along[channel] += unit[0]
                if unit[0] != 0 { isMoving[channel] = true }
            }
            guard let one = units.first, let other = units.dropFirst().first else { continue }
            shared[channel] += one[0] * other[0]
            for probe in 1..<probes + 1 { shared[channel] += weight * one[probe] * other[probe] }
        }
    }

    /// R of every swept channel: `[C]`, in [-1, 1].
    func relevance() -> [Float] {
        let cosines = shared.indices.filter { isMoving[$0] }.map { shared[$0] / Double(images / 2) }.sorted()
        // Noise may leave little of it; a channel's derivatives on two images never agree that badly as a rule.
        let agreement = min(1, max(0.05, cosines.isEmpty ? 1 : cosines[cosines.count / 2]))
        return along.map { Float(max(-1, min(1, $0 / Double(images) / agreement.squareRoot()))) }
    }
}
