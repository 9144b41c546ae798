/// Where the swept channels stand in the style code: row c of a relevance table is channel `positions[c]` of S.
public struct SweptChannels: Hashable, Sendable {
    /// Strictly increasing positions in the style code: `[C]`.
    public let positions: [Int]
    /// The width of the whole style code, toRGB layers included: C_total.
    public let total: Int

    /// The channels of the swept layers' ranges, in their order.
    /// - Throws: `RelevanceError.setting` where the ranges overlap, go backwards or leave the style code.
    public init(ranges: [Range<Int>], total: Int) throws(RelevanceError) {
        var end = 0
        for range in ranges {
            guard range.lowerBound >= end, range.upperBound <= total else {
                throw .setting(
                    name: "swept channels", value: "\(range)",
                    needed: "from \(end) to \(total), in ascending order")
            }
            end = range.upperBound
        }
        positions = ranges.flatMap { $0 }
        self.total = total
    }

    /// The number of swept channels, C.
    public var count: Int { positions.count }
}
