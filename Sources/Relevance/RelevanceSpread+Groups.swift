import Directions

extension RelevanceSpread {
    /// The group of an image.
    public static func group(ofImage image: Int) -> Int { image % imageGroups }

    /// The factors that sums of groups of images make, at least one group, all of the same channels and width.
    ///
    /// Everything is computed in float64 and in one order, so that equal sums give equal bits.
    public init(groups: [ChannelSums]) {
        let (channels, dimension) = (groups[0].channels, groups[0].dimension)
        precondition(groups.allSatisfy { $0.channels == channels && $0.dimension == dimension })
        var steps = [Float](repeating: 0, count: channels * groups.count)
        var factors = [Int8](repeating: 0, count: steps.count * dimension)
        var row = [Double](repeating: 0, count: dimension)
        var across = row
        for channel in 0..<channels {
            let start = channel * dimension
            for i in row.indices {
                row[i] = groups.reduce(0) { $0 + FixedPoint.decode($1.sums[start + i]) }
            }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let images = groups.reduce(0) { $0 + Double($1.pairs[channel]) }
            let squares = groups.reduce(0) { $0 + Double($1.pairs[channel] * $1.pairs[channel]) }
            // What images of one group say of their spread is lost in its sum.
            let degrees = images - squares / max(images, 1)
            guard length > 0, degrees > 0 else { continue }
            for i in row.indices { row[i] /= length }
            let scale = (images / degrees).squareRoot() / length
            for (group, sums) in groups.enumerated() {
                let along = row.indices.reduce(0) {
                    $0 + FixedPoint.decode(sums.sums[start + $1]) * row[$1]
                }
                for i in row.indices {
                    across[i] = scale * (FixedPoint.decode(sums.sums[start + i]) - along * row[i])
                }
                let place = channel * groups.count + group
                let step = Float(across.reduce(0) { max($0, abs($1)) } / 127)
                guard step.isNormal else { continue }
                steps[place] = step
                for i in row.indices {
                    factors[place * dimension + i] = Int8((across[i] / Double(step)).rounded())
                }
            }
        }
        self.init(checked: groups.count, dimension: dimension, steps: steps, factors: factors)
    }
}
