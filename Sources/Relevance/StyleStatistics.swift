import Tensors

/// μ and σ of every style channel over many samples.
public struct StyleStatistics: Sendable, Equatable {
    /// μ_c: `[C_total]`.
    public let mean: [Float]
    /// σ_c, the population standard deviation (divided by N): `[C_total]`.
    public let deviation: [Float]

    /// Statistics as they were stored.
    /// - Throws: `RelevanceError` where the counts differ, or a value is not finite or a deviation is negative.
    public init(mean: [Float], deviation: [Float]) throws(RelevanceError) {
        guard mean.count == deviation.count else {
            throw .count(what: "standard deviations", found: deviation.count, expected: mean.count)
        }
        if let position = mean.firstIndex(where: { !$0.isFinite }) {
            throw .value(what: "means", position: position)
        }
        if let position = deviation.firstIndex(where: { !($0.isFinite && $0 >= 0) }) {
            throw .value(what: "standard deviations", position: position)
        }
        self.mean = mean
        self.deviation = deviation
    }

    /// Puts the moments of blocks of samples together, in the order given.
    ///
    /// The blocks' bounds and order are the caller's to fix: then any number of workers gives the same bits.
    /// - Throws: `RelevanceError` where the blocks are of different widths or hold no sample.
    public init(blocks: [StyleMoments]) throws(RelevanceError) {
        guard var all = blocks.first, all.samples > 0 else {
            throw .count(what: "samples of styles", found: 0, expected: 1)
        }
        for block in blocks.dropFirst() { try all.merge(block) }
        try self.init(
            mean: all.mean.map { Float($0) },
            deviation: all.squares.map { Float(($0 / Double(all.samples)).squareRoot()) })
    }
}
