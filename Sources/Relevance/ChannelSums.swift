/// What pairs add up to, channel by channel: sums of unit differences ∆, in fixed point.
///
/// Adding is associative and independent of order to the last bit, so workers, interrupted builds, shards and later
/// pairs all end in the same sums.
///
/// A component of a unit vector is within ±1, so a channel's sum of n pairs is within ±n · 2^40: with n at most
/// 2^22 (`pairLimit`) it is at most 2^62, and more pairs are refused, so that no sum can overflow.
public struct ChannelSums: Hashable, Sendable {
    /// The most pairs a channel can have.
    public static let pairLimit = SweepSettings.pairLimit

    /// The number of channels, C or a part of it.
    public let channels: Int
    /// The width of an embedding, d.
    public let dimension: Int
    /// The number of pairs behind each channel: `[C]`.
    public private(set) var pairs: [Int64]
    /// Σ ∆ in units of 2^-40, row-major: `[C, d]`.
    public private(set) var sums: [Int64]
    /// The number of pairs that moved the embedding at all, each of unit length, behind each channel: `[C]`.
    public private(set) var moved: [Int64]

    /// Sums of no pairs.
    public init(channels: Int, dimension: Int) {
        precondition(channels >= 0 && dimension > 0, "sums have channels and a dimension")
        self.channels = channels
        self.dimension = dimension
        pairs = [Int64](repeating: 0, count: channels)
        moved = pairs
        sums = [Int64](repeating: 0, count: channels * dimension)
    }

    /// Sums as they were stored.
    /// - Throws: `RelevanceError` where the counts disagree or a value is one that no pairs add up to.
    public init(
        channels: Int, dimension: Int, pairs: [Int64], moved: [Int64], sums: [Int64]
    ) throws(RelevanceError) {
        let (count, overflow) = channels.multipliedReportingOverflow(by: dimension)
        guard channels >= 0, dimension > 0, !overflow else {
            throw .count(what: "sums of \(channels) channels", found: dimension, expected: 1)
        }
        guard pairs.count == channels else {
            throw .count(what: "pairs", found: pairs.count, expected: channels)
        }
        guard sums.count == count else { throw .count(what: "sums", found: sums.count, expected: count) }
        guard moved.count == channels else {
            throw .count(what: "pairs that moved", found: moved.count, expected: channels)
        }
        for (channel, number) in pairs.enumerated() {
            guard number >= 0 else { throw .value(what: "pairs", position: channel) }
            guard number <= Self.pairLimit else { throw .tooManyPairs(channel: channel) }
            guard (0...number).contains(moved[channel]) else {
                throw .value(what: "pairs that moved", position: channel)
            }
            let bound = moved[channel] * FixedPoint.one
            for position in channel * dimension..<(channel + 1) * dimension {
                guard sums[position].magnitude <= bound.magnitude else {
                    throw .value(what: "sums", position: position)
                }
            }
        }
        self.channels = channels
        self.dimension = dimension
        self.pairs = pairs
        self.moved = moved
        self.sums = sums
    }

    /// The fewest pairs that any channel has.
    public var completePairs: Int { Int(pairs.min() ?? 0) }

    /// Adds one pair: the unit change of the embedding from the channel's low to its high setting.
    ///
    /// Embeddings of unit norm, or of any norm: both are brought to unit norm, subtracted, and the difference is
    /// brought to unit norm. A pair whose embeddings are equal counts, but adds nothing.
    /// - Throws: `RelevanceError.value` for an embedding that is no direction, `.tooManyPairs` beyond `pairLimit`.
    public mutating func add(
        high: UnsafeBufferPointer<Float>, low: UnsafeBufferPointer<Float>, to channel: Int
    ) throws(RelevanceError) {
        precondition(high.count == dimension && low.count == dimension && (0..<channels).contains(channel))
        guard pairs[channel] < Self.pairLimit else { throw .tooManyPairs(channel: channel) }
        let toUnit = (1 / norm(of: high), 1 / norm(of: low))
        guard toUnit.0.isFinite, toUnit.1.isFinite else { throw .value(what: "embedding", position: channel) }
        var squared = 0.0
        for i in 0..<dimension {
            let change = Double(high[i]) * toUnit.0 - Double(low[i]) * toUnit.1
            squared += change * change
        }
        guard squared.isFinite else { throw .value(what: "embedding", position: channel) }
        pairs[channel] += 1
        guard squared > 0 else { return }
        moved[channel] += 1
        let scale = 1 / squared.squareRoot()
        let row = channel * dimension
        for i in 0..<dimension {
            let unit = (Double(high[i]) * toUnit.0 - Double(low[i]) * toUnit.1) * scale
            sums[row + i] += FixedPoint.encode(unit)
        }
    }

    /// Adds one image's derivative of the unit embedding, brought to unit norm, as one pair.
    ///
    /// One that is zero counts, but adds nothing.
    /// - Throws: `RelevanceError.value` for one that is not finite, `.tooManyPairs` beyond `pairLimit`.
    public mutating func add(
        derivative: UnsafeBufferPointer<Float>, to channel: Int
    ) throws(RelevanceError) {
        precondition(derivative.count == dimension && (0..<channels).contains(channel))
        guard pairs[channel] < Self.pairLimit else { throw .tooManyPairs(channel: channel) }
        let length = norm(of: derivative)
        guard length.isFinite else { throw .value(what: "derivative", position: channel) }
        pairs[channel] += 1
        guard length > 0 else { return }
        moved[channel] += 1
        let row = channel * dimension
        for i in 0..<dimension {
            sums[row + i] += FixedPoint.encode(Double(derivative[i]) / length)
        }
    }

    /// Adds the sums of other pairs of the channels from `first` on.
    /// - Throws: `RelevanceError.count` where they do not fit, `.tooManyPairs` beyond `pairLimit`; the sums are then
    ///   as they were.
    public mutating func merge(_ other: ChannelSums, at first: Int = 0) throws(RelevanceError) {
        guard other.dimension == dimension else {
            throw .count(what: "dimensions of merged sums", found: other.dimension, expected: dimension)
        }
        guard first >= 0, first <= channels, other.channels <= channels - first else {
            throw .count(
                what: "channels of sums merged at \(first)", found: other.channels, expected: channels - first
            )
        }
        for (channel, number) in other.pairs.enumerated()
        where pairs[first + channel] + number > Self.pairLimit {
            throw .tooManyPairs(channel: first + channel)
        }
        for channel in 0..<other.channels {
            pairs[first + channel] += other.pairs[channel]
            moved[first + channel] += other.moved[channel]
        }
        let row = first * dimension
        for i in other.sums.indices { sums[row + i] += other.sums[i] }
    }

    /// About the standard error of the direction of a channel's mean, as an angle in radians.
    ///
    /// √(Σ_j variance of the mean's component j) over the mean's length: the part of the error along the mean, which does
    /// not turn it, is counted too, so it is rather too large. Pairs are unit vectors, or zero, so that the sum of their
    /// squares is the number that moved. 0 where all pairs are the same, also where none of them moved; infinite where
    /// fewer than two pairs, or a mean of zero of pairs that moved, say nothing.
    public func angularError(of channel: Int) -> Double {
        let pairs = Double(pairs[channel])
        guard pairs > 1 else { return .infinity }
        var length = 0.0
        for i in channel * dimension..<(channel + 1) * dimension {
            let mean = FixedPoint.decode(sums[i]) / pairs
            length += mean * mean
        }
        let variance = Double(moved[channel]) / pairs - length
        guard variance > 0 else { return 0 }
        return (variance / (pairs - 1) / length).squareRoot()
    }

    /// The same sums at other places among more channels, the others without pairs.
    /// - Parameter places: Of each channel, ascending.
    public func placed(at places: [Int], of count: Int) -> ChannelSums {
        precondition(places.count == channels && places.allSatisfy { (0..<count).contains($0) })
        var placed = ChannelSums(channels: count, dimension: dimension)
        for (row, place) in places.enumerated() {
            placed.pairs[place] = pairs[row]
            placed.moved[place] = moved[row]
            let (from, to) = (row * dimension, place * dimension)
            for i in 0..<dimension { placed.sums[to + i] = sums[from + i] }
        }
        return placed
    }

    /// Back to sums of no pairs, in the same memory.
    public mutating func reset() {
        for i in pairs.indices { (pairs[i], moved[i]) = (0, 0) }
        for i in sums.indices { sums[i] = 0 }
    }
}

/// The Euclidean norm, in float64.
private func norm(of values: UnsafeBufferPointer<Float>) -> Double {
    var squared = 0.0
    for value in values { squared += Double(value) * Double(value) }
    return squared.squareRoot()
}
