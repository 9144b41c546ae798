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
}
