import Checkpoints
import Relevance
import Tensors

/// StyleCLIP's published artefacts of one generator: `fs3.npy`, ∆i of every swept channel as `[C, d]`, and `S_mean_std`,
/// means and standard deviations of the styles of every layer.
public struct PublishedRelevance: Sendable {
    public let table: RelevanceTable
    public let statistics: StyleStatistics
    /// In the order of the style code; named as NVIDIA does, the published names being those of TensorFlow.
    public let layers: [LayerRecord]

    /// Lengths that a table's rows may have: the published ones are of unit length to float32's rounding, or zero
    /// where a channel moved nothing.
    private static let unitLengths: ClosedRange<Float> = 0.99...1.01

    /// - Parameters:
    ///   - table: of one matrix `[C, d]`.
    ///   - statistics: of two lists of vectors, with toRGB layers or without.
    ///   - expected: The layers of the generator that the files are of, where it is known.
    /// - Throws: `PublishedRelevanceError` that says what does not fit; `CheckpointError`, `RelevanceError`.
    public init(table: Checkpoint, statistics: Checkpoint, layers expected: [LayerRecord]? = nil) throws {
        guard case .matrix(let shape) = CheckpointKind(table), shape.count > 0 else {
            throw PublishedRelevanceError(
                table.path, "holds \(CheckpointKind(table).description); one matrix [channels, d] is needed")
        }
        guard case .styleStatistics = CheckpointKind(statistics) else {
            throw PublishedRelevanceError(
                statistics.path,
                "holds \(CheckpointKind(statistics).description); the means and standard deviations of styles "
                    + "(S_mean_std) are needed")
        }
        self.table = try RelevanceTable(rows: table.tensor(NumPyFile.name))
        let count = statistics.names.count / 2
        let means = try (0..<count).map { try statistics.tensor("0.\($0)").values }
        let deviations = try (0..<count).map { try statistics.tensor("1.\($0)").values }
        let widths = means.map(\.count)
        layers = try Self.layers(widths: widths, rows: shape[0], expected: expected, path: statistics.path)

        // Where the file leaves toRGB layers out, their styles are never moved: zero says so.
        let isWhole = layers.count == count
        var stored = zip(means, deviations).makeIterator()
        var mean: [Float] = []
        var deviation: [Float] = []
        for layer in layers {
            let zeros = [Float](repeating: 0, count: layer.channels)
            let values = isWhole || layer.isSwept ? stored.next() : nil
            mean += values?.0 ?? zeros
            deviation += values?.1 ?? zeros
        }
        self.statistics = try StyleStatistics(mean: mean, deviation: deviation)
        try Self.requireUnitRows(self.table.rows, path: table.path)
    }

    /// The layers that vectors of these widths are of: conv1 and toRGB of 4 × 4, then conv0, conv1 and toRGB of every
    /// resolution above; without the toRGB layers where the others alone have as many channels as the table has rows.
    static func layers(
        widths: [Int], rows: Int, expected: [LayerRecord]?, path: String
    ) throws(PublishedRelevanceError) -> [LayerRecord] {
        let total = widths.reduce(0, +)
        let swept = widths.indices.reduce(0) { $0 + (isToRGB($1) ? 0 : widths[$1]) }
        let hasToRGB: Bool
        if widths.count % 3 == 2, swept == rows {
            hasToRGB = true
        } else if widths.count % 2 == 1, total == rows {
            hasToRGB = false
        } else {
            throw PublishedRelevanceError(
                path,
                "has \(widths.count) layers with \(total) channels, \(swept) of them without those to RGB; the "
                    + "table has \(rows) rows")
        }
        if let expected {
            let found = hasToRGB ? expected : expected.filter(\.isSwept)
            guard found.map(\.channels) == widths else {
                throw PublishedRelevanceError(path, "has other layers than the generator: \(widths)")
            }
            return expected
        }
        return widths.enumerated().map { place, channels in
            let (block, part) =
                hasToRGB
                ? ((place + 1) / 3, ["torgb", "conv0", "conv1"][(place + 2) % 3])
                : ((place + 1) / 2, ["conv1", "conv0"][place % 2])
            let name = hasToRGB && place < 2 ? ["conv1", "torgb"][place] : part
            let resolution = block < 20 ? 4 << block : 4
            return LayerRecord(
                name: "b\(resolution).\(name)", channels: channels, resolution: resolution,
                isSwept: name != "torgb")
        }
    }

    /// Places 1, 4, 7, … of the published order.
    private static func isToRGB(_ place: Int) -> Bool { place % 3 == 1 }

    private static func requireUnitRows(_ rows: Tensor, path: String) throws(PublishedRelevanceError) {
        let width = rows.shape[1]
        try rows.withUnsafeValues { values throws(PublishedRelevanceError) in
            for row in 0..<rows.shape[0] {
                var sum: Float = 0
                for i in row * width..<(row + 1) * width { sum += values[i] * values[i] }
                guard sum == 0 || unitLengths.contains(sum.squareRoot()) else {
                    throw PublishedRelevanceError(
                        path,
                        "row \(row) has length \(sum.squareRoot()), where unit changes of embeddings are needed"
                    )
                }
            }
        }
    }
}

/// How published artefacts depart from what they must be.
public struct PublishedRelevanceError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ path: String, _ reason: String) { description = "\(path) \(reason)" }
}
