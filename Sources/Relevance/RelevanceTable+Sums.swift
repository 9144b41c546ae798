import Directions
import Tensors

extension RelevanceTable {
    /// The mean change of every channel, brought to unit norm.
    ///
    /// The number of pairs cancels. Everything is computed in float64 and in one order, so that equal sums give
    /// equal bits.
    public init(sums: ChannelSums) {
        var rows = Tensor(zeros: [sums.channels, sums.dimension])
        rows.withUnsafeMutableValues { rows in
            for channel in 0..<sums.channels {
                let row = channel * sums.dimension..<(channel + 1) * sums.dimension
                var squared = 0.0
                for i in row { squared += FixedPoint.decode(sums.sums[i]) * FixedPoint.decode(sums.sums[i]) }
                guard squared > 0 else { continue }
                let norm = squared.squareRoot()
                for i in row { rows[i] = Float(FixedPoint.decode(sums.sums[i]) / norm) }
            }
        }
        self.init(matrix: rows)
    }
}
