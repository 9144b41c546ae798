import CommandKit
import DatabaseReading
import DirectionStore
import Directions
import Relevance
import RelevanceDatabase
import Tensors
import Vocabulary

/// A database of the size that a generator of 1024×1024 pictures and CLIP ViT-B/32 have, 6,048 channels by 512, with
/// random content: what a query of it costs does not depend on what it says.
enum WideDatabase {
    static let phrase = "tiger"
    static let neutral = "face"

    /// Builds it in a folder, with both phrases' embeddings kept.
    /// - Parameter clip: The CLIP that it claims to be built with; nil is one that nobody has.
    static func build(at path: String, clip: WeightsRecord? = nil) throws {
        var manifest = Manifest(
            generator: unknown, clip: clip ?? unknown, layers: layers, dimension: 512,
            settings: try SweepSettings(),
            precision: "float32", neutral: neutral, toolVersion: ProgramVersion.current, pairsAsked: 100,
            imageGroups: RelevanceSpread.imageGroups)
        manifest.pairsDone = 100
        let done = manifest
        let (channels, dimension) = (done.sweptChannels, done.dimension)
        var random = NumPyRandomState(seed: 1)
        let numbers = random.gaussians(channels * dimension).map { $0 / Float(dimension).squareRoot() }
        let rows = try Tensor(numbers, shape: [channels, dimension])
        let total = [Float](repeating: 1, count: done.totalChannels)
        try DirectionStore.openOrCreate(path: path).write { transaction in
            try DatabaseTables.put(done, transaction)
            try DatabaseTables.put(StyleStatistics(mean: total, deviation: total), transaction)
            try DatabaseTables.put(RelevanceTable(rows: rows), transaction)
        }
        // What a build leaves for later pairs to be added to: a query's check walks over it.
        for layer in done.layers where layer.isSwept {
            let zeros = [Int64](repeating: 0, count: layer.channels * dimension)
            let vectors = layer.channels * RelevanceSpread.imageGroups
            let spread = try RelevanceSpread(
                groups: RelevanceSpread.imageGroups, dimension: dimension,
                steps: [Float](repeating: 1e-4, count: vectors),
                factors: (0..<vectors * dimension).map { _ in Int8(truncatingIfNeeded: Int(random.next())) })
            try DirectionStore.openOrCreate(path: path).write { transaction in
                try DatabaseTables.put(spread, of: layer, transaction)
                for group in 0..<RelevanceSpread.imageGroups {
                    try transaction.put(zeros, for: "\(layer.name)/differences/\(group)", in: .sums)
                }
            }
        }
        let ensemble = PhraseEmbeddings.name(of: Templates.default)
        try RelevanceDatabase(path: path, keepsText: true).keep(
            [phrase, neutral].map { phrase in
                let values = try TextDirection(random.gaussians(dimension)).values
                return (TextKey(phrase: phrase, ensemble: ensemble), values)
            })
    }

    private static let unknown = WeightsRecord(name: "random", fingerprint: String(repeating: "1", count: 64))

    /// As NVIDIA's generators of 1024×1024 pictures have them.
    private static var layers: [LayerRecord] {
        var layers: [LayerRecord] = []
        var before = 512
        for exponent in 2...10 {
            let resolution = 1 << exponent
            let width = min(512, 32_768 / resolution)
            let convolutions = exponent == 2 ? [("conv1", before)] : [("conv0", before), ("conv1", width)]
            for (name, channels) in convolutions + [("torgb", width)] {
                layers.append(
                    LayerRecord(
                        name: "b\(resolution).\(name)", channels: channels, resolution: resolution,
                        isSwept: name != "torgb"))
            }
            before = width
        }
        return layers
    }
}
