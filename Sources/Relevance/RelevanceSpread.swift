import Tensors

/// How much single pairs disagree with their mean, so that a query can say how sure it is.
public struct RelevanceSpread: Sendable {
    /// The standard error of every component of the unit row ∆i_c: `[C, d]`; zero where fewer than two pairs moved.
    public let errors: Tensor

    /// Errors as they were stored: `[C, d]`.
    public init(errors: Tensor) throws(RelevanceError) {
        guard errors.shape.rank == 2 else {
            throw .count(what: "axes of a spread", found: errors.shape.rank, expected: 2)
        }
        self.errors = errors
    }

    /// √(variance of one pair / n) over the length of the mean, which is what dividing by that length makes of it.
    public init(sums: ChannelSums) {
        var errors = Tensor(zeros: [sums.channels, sums.dimension])
        errors.withUnsafeMutableValues { errors in
            for channel in 0..<sums.channels {
                let pairs = Double(sums.pairs[channel])
                let row = channel * sums.dimension..<(channel + 1) * sums.dimension
                var squared = 0.0
                for i in row {
                    let mean = FixedPoint.decode(sums.sums[i]) / pairs
                    squared += mean * mean
                }
                guard pairs > 1, squared > 0 else { continue }
                for i in row {
                    let mean = FixedPoint.decode(sums.sums[i]) / pairs
                    let variance = max(0, FixedPoint.decode(sums.squares[i]) / pairs - mean * mean)
                    errors[i] = Float((variance / (pairs - 1) / squared).squareRoot())
                }
            }
        }
        self.errors = errors
    }

    /// About the standard error of each R_c = ∆i_c · ∆t, with the components taken as independent: `[C]`.
    /// - Throws: `RelevanceError.count` where the direction is of another width.
    public func standardErrors(along direction: TextDirection) throws(RelevanceError) -> [Float] {
        let dimension = direction.values.count
        guard errors.shape[1] == dimension else {
            throw .count(what: "columns of the spread", found: errors.shape[1], expected: dimension)
        }
        return errors.withUnsafeValues { errors in
            (0..<self.errors.shape[0]).map { channel in
                var squared: Float = 0
                for i in 0..<dimension {
                    let part = errors[channel * dimension + i] * direction.values[i]
                    squared += part * part
                }
                return squared.squareRoot()
            }
        }
    }
}
