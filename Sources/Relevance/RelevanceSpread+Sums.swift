import Directions
import Tensors

extension RelevanceSpread {
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
        self.init(matrix: errors)
    }
}
