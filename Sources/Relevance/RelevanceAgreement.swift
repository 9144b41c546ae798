/// How closely two answers to one phrase agree: R of the same channels, come by in two ways.
public struct RelevanceAgreement: Hashable, Sendable {
    /// Spearman's rank correlation of R; 0 where all of one are equal.
    public let rankCorrelation: Double
    /// How many of the strongest channels of one, by |R|, are among the strongest of the other.
    public let sharedStrongest: Int

    /// - Parameter strongest: How many channels count as the strongest.
    /// - Throws: `RelevanceError.count` where the two are not as many, or fewer than two; `.value` where one is not finite.
    public init(_ one: [Float], _ other: [Float], strongest: Int = 20) throws(RelevanceError) {
        guard one.count == other.count, one.count > 1 else {
            throw .count(what: "relevances to compare", found: other.count, expected: max(2, one.count))
        }
        for relevance in [one, other] {
            if let position = relevance.firstIndex(where: { !$0.isFinite }) {
                throw .value(what: "relevances", position: position)
            }
        }
        let (left, right) = (Self.ranks(one), Self.ranks(other))
        let mean = Double(one.count - 1) / 2
        var (product, squares) = (0.0, (left: 0.0, right: 0.0))
        for i in left.indices {
            product += (left[i] - mean) * (right[i] - mean)
            squares.left += (left[i] - mean) * (left[i] - mean)
            squares.right += (right[i] - mean) * (right[i] - mean)
        }
        let scale = (squares.left * squares.right).squareRoot()
        rankCorrelation = scale > 0 ? product / scale : 0
        sharedStrongest = Self.strongest(one, strongest).intersection(Self.strongest(other, strongest)).count
    }

    /// Places in ascending order; equal values share the mean of theirs.
    private static func ranks(_ values: [Float]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
            start = end
        }
        return ranks
    }

    private static func strongest(_ values: [Float], _ count: Int) -> Set<Int> {
        Set(values.indices.sorted { (-abs(values[$0]), $0) < (-abs(values[$1]), $1) }.prefix(count))
    }
}
