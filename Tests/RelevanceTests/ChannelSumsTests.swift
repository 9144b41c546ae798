import Foundation
import Tensors
import Testing

@testable import Relevance

@Suite struct ChannelSumsTests {
    private static let channels = 5
    private static let dimension = 7

    private struct Pair {
        let channel: Int
        let high: [Float]
        let low: [Float]
    }

    private func pairs(_ count: Int, seed: UInt32) -> [Pair] {
        var embeddings = Embeddings(seed: seed, dimension: Self.dimension)
        return (0..<count).map {
            Pair(channel: $0 % Self.channels, high: embeddings.next(), low: embeddings.next())
        }
    }

    private func sums(of pairs: some Sequence<Pair>) throws -> ChannelSums {
        var sums = ChannelSums(channels: Self.channels, dimension: Self.dimension)
        for pair in pairs { try sums.add(high: pair.high, low: pair.low, to: pair.channel) }
        return sums
    }

    @Test(arguments: 1...20) func anyOrderGivesTheSameBits(seed: UInt32) throws {
        let pairs = pairs(40, seed: seed)
        var random = SystemRandomNumberGenerator()
        #expect(try sums(of: pairs) == sums(of: pairs.shuffled(using: &random)))
    }

    @Test(arguments: 1...20) func anySplitMergesToTheSameBits(seed: UInt32) throws {
        let pairs = pairs(40, seed: seed)
        var parts = (0..<4).map { _ in [Pair]() }
        var random = NumPyRandomState(seed: seed)
        for pair in pairs { parts[Int(random.next() % 4)].append(pair) }
        let split = try parts.map { try sums(of: $0) }
        var forwards = split[0]
        for part in split[1...] { try forwards.merge(part) }
        var backwards = split[3]
        for part in split[..<3].reversed() { try backwards.merge(part) }
        #expect(try forwards == sums(of: pairs))
        #expect(forwards == backwards)
    }

    @Test func sumsOfALayerMergeInTheirPlace() throws {
        let layer = try sums(of: pairs(10, seed: 1))
        var all = ChannelSums(channels: 12, dimension: Self.dimension)
        try all.merge(layer, at: 4)
        #expect(all.pairs == [0, 0, 0, 0, 2, 2, 2, 2, 2, 0, 0, 0])
        #expect(Array(all.sums[4 * 7..<9 * 7]) == layer.sums)
        #expect(all.sums[..<28].allSatisfy { $0 == 0 } && all.sums[63...].allSatisfy { $0 == 0 })
        #expect(throws: RelevanceError.self) { try all.merge(layer, at: 8) }
        #expect(throws: RelevanceError.self) { try all.merge(layer, at: -1) }
        #expect(throws: RelevanceError.self) { try all.merge(ChannelSums(channels: 1, dimension: 3)) }
    }

    @Test func normsOfEmbeddingsDoNotCount() throws {
        let pairs = pairs(5, seed: 9)
        // Powers of two scale without rounding.
        let scaled = pairs.map {
            Pair(channel: $0.channel, high: $0.high.map { $0 * 8 }, low: $0.low.map { $0 / 4 })
        }
        #expect(try sums(of: pairs) == sums(of: scaled))
    }

    @Test func eachPairAddsAUnitVector() throws {
        let one = try sums(of: pairs(Self.channels, seed: 2))
        for channel in 0..<Self.channels {
            let row = channel * Self.dimension..<(channel + 1) * Self.dimension
            let norm = row.reduce(0) {
                $0 + FixedPoint.decode(one.sums[$1]) * FixedPoint.decode(one.sums[$1])
            }
            // Each of the 7 components is rounded by at most 2^-41.
            #expect(abs(norm - 1) < 1e-11)
            #expect(one.moved[channel] == 1)
        }
    }

    @Test func aPairThatDoesNotMoveCountsAndAddsNothing() throws {
        var sums = ChannelSums(channels: 1, dimension: 3)
        try sums.add(high: [1, 2, 3], low: [1, 2, 3], to: 0)
        #expect(sums.pairs == [1] && sums.moved == [0])
        #expect(sums.sums == [0, 0, 0])
        #expect(RelevanceTable(sums: sums).rows.values == [0, 0, 0])
    }

    @Test(arguments: [[0, 0, 0], [.nan, 1, 0], [.infinity, 0, 0]] as [[Float]])
    func anEmbeddingThatIsNoDirectionIsRefused(bad: [Float]) {
        var sums = ChannelSums(channels: 1, dimension: 3)
        #expect(throws: RelevanceError.self) { try sums.add(high: bad, low: [1, 0, 0], to: 0) }
        #expect(throws: RelevanceError.self) { try sums.add(high: [1, 0, 0], low: bad, to: 0) }
        #expect(sums == ChannelSums(channels: 1, dimension: 3))
    }

    @Test func storedSumsComeBackAndImpossibleOnesDoNot() throws {
        let whole = try sums(of: pairs(10, seed: 5))
        let again = try ChannelSums(
            channels: 5, dimension: 7, pairs: whole.pairs, moved: whole.moved, sums: whole.sums)
        #expect(again == whole)
        var beyond = whole.sums
        beyond[3] = 2 * FixedPoint.one + 1
        #expect(throws: RelevanceError.self) {
            try ChannelSums(
                channels: 5, dimension: 7, pairs: whole.pairs, moved: whole.moved, sums: beyond)
        }
        beyond[3] = .min
        #expect(throws: RelevanceError.self) {
            try ChannelSums(
                channels: 5, dimension: 7, pairs: whole.pairs, moved: whole.moved, sums: beyond)
        }
        for pairs in [[-1, 2, 2, 2, 2], [.max, 2, 2, 2, 2], [2, 2]] as [[Int64]] {
            #expect(throws: RelevanceError.self) {
                try ChannelSums(
                    channels: 5, dimension: 7, pairs: pairs, moved: whole.moved, sums: whole.sums)
            }
        }
        // More that moved than there are, fewer than none, or too few for their sum.
        for moved in [[3, 2, 2, 2, 2], [-1, 2, 2, 2, 2], [0, 2, 2, 2, 2], [2, 2]] as [[Int64]] {
            #expect(throws: RelevanceError.self) {
                try ChannelSums(
                    channels: 5, dimension: 7, pairs: whole.pairs, moved: moved, sums: whole.sums)
            }
        }
        #expect(throws: RelevanceError.self) {
            try ChannelSums(channels: .max, dimension: 7, pairs: [], moved: [], sums: [])
        }
    }

    @Test func theMostPairsFitAndOneMoreDoesNot() throws {
        let limit = ChannelSums.pairLimit
        let full = limit * FixedPoint.one
        var sums = try ChannelSums(
            channels: 1, dimension: 2, pairs: [limit], moved: [limit], sums: [full, 0])
        let before = sums
        #expect(throws: RelevanceError.self) { try sums.add(high: [1, 0], low: [0, 1], to: 0) }
        #expect(throws: RelevanceError.self) { try sums.merge(before) }
        #expect(sums == before)
        #expect(RelevanceTable(sums: sums).rows.values == [1, 0])
    }

    @Test func resetSumsAreNew() throws {
        var sums = try sums(of: pairs(10, seed: 6))
        sums.reset()
        #expect(sums == ChannelSums(channels: Self.channels, dimension: Self.dimension))
    }

    /// Directions scattered around (1, 0, 0) by a known angle across it, in two dimensions.
    @Test func theAngularErrorIsTheStandardErrorOfTheMeansDirection() throws {
        var random = NumPyRandomState(seed: 9)
        let (pairs, scatter) = (400, 0.1)
        var (errors, found) = (0.0, 0.0)
        let repetitions = 50
        for _ in 0..<repetitions {
            var sums = ChannelSums(channels: 1, dimension: 3)
            var total = SIMD3<Double>.zero
            for _ in 0..<pairs {
                let turned = random.gaussians(2).map { Double($0) * scatter }
                let unit =
                    SIMD3(1, turned[0], turned[1])
                    / (1 + turned[0] * turned[0] + turned[1] * turned[1]).squareRoot()
                total += unit
                try [Float(unit.x), Float(unit.y), Float(unit.z)].withUnsafeBufferPointer {
                    try sums.add(derivative: $0, to: 0)
                }
            }
            found += sums.angularError(of: 0) / Double(repetitions)
            let angle = atan2((total.y * total.y + total.z * total.z).squareRoot(), total.x)
            errors += angle * angle / Double(repetitions)
        }
        // 50 repetitions of two components say a root mean square to 7 %.
        #expect(abs(found / errors.squareRoot() - 1) < 0.25, "\(found) \(errors.squareRoot())")
    }

    @Test func anAngularErrorThatNothingSaysIsInfinite() throws {
        var sums = ChannelSums(channels: 2, dimension: 2)
        #expect(sums.angularError(of: 0) == .infinity)
        for direction in [[1, 0], [-1, 0]] as [[Float]] {
            try direction.withUnsafeBufferPointer { try sums.add(derivative: $0, to: 0) }
            try [Float(0), 1].withUnsafeBufferPointer { try sums.add(derivative: $0, to: 1) }
        }
        #expect(sums.angularError(of: 0) == .infinity)
        #expect(sums.angularError(of: 1) == 0)
        // That nothing moves is known as well.
        var still = ChannelSums(channels: 1, dimension: 2)
        for _ in 0..<2 {
            try [Float(0), 0].withUnsafeBufferPointer { try still.add(derivative: $0, to: 0) }
        }
        #expect(still.angularError(of: 0) == 0)
    }
}

extension ChannelSums {
    fileprivate mutating func add(high: [Float], low: [Float], to channel: Int) throws {
        try high.withUnsafeBufferPointer { high in
            try low.withUnsafeBufferPointer { low in try add(high: high, low: low, to: channel) }
        }
    }
}
