import Relevance
import Tensors

/// What true pairs of pictures say of a table from gradients: some channels of every layer, by both ways on the same
/// images.
///
/// Derivatives first, one image a step, then pairs, one image and layer a step.
struct TableVerification: Sendable {
    /// Images that both ways see, at most: pairs of other images would differ more than the two ways do.
    static let mostImages = 8

    enum Step: Hashable, Sendable {
        case derivatives(image: Int)
        case pairs(layer: Int, image: Int)

        var method: TableMethod {
            switch self {
            case .derivatives: .gradient
            case .pairs: .pairs
            }
        }
    }

    /// The sums of both ways so far, by the layer's place; as many channels as were chosen there.
    struct Comparison: Sendable {
        fileprivate(set) var derivatives: [Int: ChannelSums]
        fileprivate(set) var pairs: [Int: ChannelSums]
        fileprivate(set) var steps = 0

        mutating func merge(_ other: Comparison) throws(RelevanceError) {
            for (layer, sums) in other.derivatives { try derivatives[layer]?.merge(sums) }
            for (layer, sums) in other.pairs { try pairs[layer]?.merge(sums) }
            steps += other.steps
        }
    }

    let steps: [Step]
    /// The channels of each layer that are compared, by the layer's place.
    let channels: [Int: [Int]]
    /// How many that is.
    var count: Int { channels.values.reduce(0) { $0 + $1.count } }
    private let images: Int
    private let dimension: Int
    private let layers: [LayerRecord]

    /// Nil where nothing is to be compared.
    ///
    /// - Parameter count: About how many channels: each layer has its share of them, and at least one.
    init?(_ manifest: Manifest, channels count: Int) {
        let places = manifest.work.keys.filter(manifest.layersOfDerivatives.contains).sorted()
        let total = places.reduce(0) { $0 + manifest.layers[$1].channels }
        guard count > 0, total > 0 else { return nil }
        var chosen: [Int: [Int]] = [:]
        for place in places {
            let channels = manifest.layers[place].channels
            let share = max(1, min(channels, (count * channels + total / 2) / total))
            // Evenly over the layer: which ones matters to nobody, that they are always the same does.
            chosen[place] = (0..<share).map { (2 * $0 + 1) * channels / (2 * share) }
        }
        channels = chosen
        layers = manifest.layers
        dimension = manifest.dimension
        images = min(Self.mostImages, manifest.pairsAsked)
        steps =
            (0..<images).map { .derivatives(image: $0) }
            + (0..<images).flatMap { image in places.map { .pairs(layer: $0, image: image) } }
    }

    func start() -> Comparison {
        let empty = channels.mapValues { ChannelSums(channels: $0.count, dimension: dimension) }
        return Comparison(derivatives: empty, pairs: empty)
    }

    func run(
        _ step: Step, _ worker: any SweepWorker, _ statistics: StyleStatistics
    ) throws -> Comparison {
        switch step {
        case .derivatives(let image):
            let places = channels.keys.sorted()
            let sums = try worker.derivatives(layers: places, image: image)
            var part = Comparison(derivatives: [:], pairs: [:], steps: 1)
            for (place, sums) in zip(places, sums) {
                part.derivatives[place] = try sums.channels(channels[place, default: []])
            }
            return part
        case .pairs(let layer, let image):
            let sums = try worker.sums(
                layer: layer, channels: channels[layer, default: []], images: image..<image + 1,
                statistics: statistics)
            var part = Comparison(derivatives: [:], pairs: [:], steps: 1)
            part.pairs[layer] = sums.first
            return part
        }
    }

    /// The cosines of the rows that both ways make. A row that one of them leaves at zero counts as 0.
    /// - Parameter sketch: The directions along which alone derivatives were taken, orthonormal rows `[K, d]`: of pairs, too,
    ///   only what lies along them is compared then.
    func agreement(of comparison: Comparison, along sketch: Tensor? = nil) -> GradientRecord.Agreement {
        var all: [Float] = []
        var byLayer: [GradientRecord.Agreement.Layer] = []
        for place in channels.keys.sorted() {
            guard let derivatives = comparison.derivatives[place], let pairs = comparison.pairs[place] else {
                continue
            }
            let (left, right) = (RelevanceTable(sums: derivatives).rows, RelevanceTable(sums: pairs).rows)
            let cosines = (0..<derivatives.channels).map { channel in
                let row = channel * dimension..<(channel + 1) * dimension
                let product = row.reduce(Float(0)) { $0 + left[$1] * right[$1] }
                guard let sketch else { return product }
                // A sketched row lies along the sketch: only the other's length changes when it is laid there too.
                let length = Self.length(of: right, row: row, along: sketch)
                return length > 0 ? product / length : 0
            }
            all += cosines
            byLayer.append(
                .init(
                    name: layers[place].name, channels: cosines.count, median: Self.quantile(cosines, 0.5)))
        }
        return .init(
            images: images, channels: all.count, median: Self.quantile(all, 0.5),
            tenthPercentile: Self.quantile(all, 0.1), layers: byLayer)
    }

    /// The length of what lies of a row along orthonormal directions, `[K, d]`.
    private static func length(of rows: Tensor, row: Range<Int>, along directions: Tensor) -> Float {
        (0..<directions.shape[0]).reduce(Float(0)) { sum, k in
            let product = row.reduce(Float(0)) {
                $0 + rows[$1] * directions[k * row.count + $1 - row.lowerBound]
            }
            return sum + product * product
        }.squareRoot()
    }

    /// Between the two values that a quantile falls between.
    static func quantile(_ values: [Float], _ share: Double) -> Float {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return 0 }
        let place = share * Double(last)
        let low = Int(place)
        let high = min(low + 1, last)
        return sorted[low] + Float(place - Double(low)) * (sorted[high] - sorted[low])
    }
}

extension ChannelSums {
    /// The sums of some channels, in their order.
    func channels(_ places: [Int]) throws(RelevanceError) -> ChannelSums {
        try ChannelSums(
            channels: places.count, dimension: dimension, pairs: places.map { pairs[$0] },
            moved: places.map { moved[$0] },
            sums: places.flatMap { sums[$0 * dimension..<($0 + 1) * dimension] })
    }
}
