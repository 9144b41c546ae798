import Tensors

/// The count, means and summed squared deviations of a block of style codes, in float64.
///
/// Two blocks merge by Chan, Golub and LeVeque's formula (1979), which does not cancel where σ is small beside μ.
public struct StyleMoments: Sendable {
    public private(set) var samples: Int
    /// `[C_total]`.
    public private(set) var mean: [Double]
    /// Σ (s − mean)²: `[C_total]`.
    public private(set) var squares: [Double]

    /// The moments of style codes `[N, C_total]`.
    /// - Throws: `RelevanceError.count` where they are not a matrix.
    public init(of styles: Tensor) throws(RelevanceError) {
        guard styles.shape.rank == 2 else {
            throw .count(what: "axes of style codes", found: styles.shape.rank, expected: 2)
        }
        let (samples, channels) = (styles.shape[0], styles.shape[1])
        var mean = [Double](repeating: 0, count: channels)
        var squares = mean
        styles.withUnsafeValues { styles in
            for sample in 0..<samples {
                for c in 0..<channels { mean[c] += Double(styles[sample * channels + c]) }
            }
            for c in 0..<channels { mean[c] /= Double(max(1, samples)) }
            for sample in 0..<samples {
                for c in 0..<channels {
                    let deviation = Double(styles[sample * channels + c]) - mean[c]
                    squares[c] += deviation * deviation
                }
            }
        }
        self.samples = samples
        self.mean = mean
        self.squares = squares
    }

    /// Moments as they were stored.
    /// - Throws: `RelevanceError` where the counts differ, or a value is one that no samples have.
    public init(samples: Int, mean: [Double], squares: [Double]) throws(RelevanceError) {
        guard samples > 0 else { throw .count(what: "samples of styles", found: samples, expected: 1) }
        guard mean.count == squares.count else {
            throw .count(what: "squared deviations", found: squares.count, expected: mean.count)
        }
        if let position = mean.firstIndex(where: { !$0.isFinite }) {
            throw .value(what: "means", position: position)
        }
        if let position = squares.firstIndex(where: { !($0.isFinite && $0 >= 0) }) {
            throw .value(what: "squared deviations", position: position)
        }
        self.samples = samples
        self.mean = mean
        self.squares = squares
    }

    /// Adds the samples of another block.
    /// - Throws: `RelevanceError.count` where it is of another width.
    public mutating func merge(_ other: StyleMoments) throws(RelevanceError) {
        guard other.mean.count == mean.count else {
            throw .count(what: "styles of merged moments", found: other.mean.count, expected: mean.count)
        }
        guard other.samples > 0 else { return }
        let total = Double(samples + other.samples)
        let share = Double(other.samples) / total
        for c in mean.indices {
            let step = other.mean[c] - mean[c]
            mean[c] += step * share
            squares[c] += other.squares[c] + step * step * Double(samples) * share
        }
        samples += other.samples
    }
}
