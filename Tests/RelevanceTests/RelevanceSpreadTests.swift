import Tensors
import Testing

@testable import Relevance

@Suite struct RelevanceSpreadTests {
    /// Sums of pairs whose change is `direction` plus noise, one channel.
    private func sums(pairs: Int, noise: Float, seed: UInt32) throws -> ChannelSums {
        let dimension = 16
        var random = NumPyRandomState(seed: seed)
        var sums = ChannelSums(channels: 1, dimension: dimension)
        for _ in 0..<pairs {
            // Two unit vectors that are mirror images: their difference is along the drawn change.
            var change = random.gaussians(dimension).map { $0 * noise }
            change[0] += 1
            change[dimension - 1] = 0
            var low = change.map { -$0 }
            change[dimension - 1] = 1
            low[dimension - 1] = 1
            try change.withUnsafeBufferPointer { high in
                try low.withUnsafeBufferPointer { low in try sums.add(high: high, low: low, to: 0) }
            }
        }
        return sums
    }

    @Test func pairsThatAgreeHaveNoError() throws {
        let spread = try RelevanceSpread(sums: sums(pairs: 10, noise: 0, seed: 1))
        // What rounding to 2^-40 leaves of a difference of two equal numbers, under a root.
        #expect(spread.errors.values.allSatisfy { $0 < 1e-5 })
    }

    @Test func theErrorIsHowFarRepeatedSweepsLieApart() throws {
        let direction = try TextDirection([0, 1] + [Float](repeating: 0, count: 14))
        let sweeps = try (0..<400).map { try sums(pairs: 25, noise: 0.3, seed: UInt32(100 + $0)) }
        let found = try sweeps.map { Double(try RelevanceTable(sums: $0).relevance(to: direction)[0]) }
        let mean = found.reduce(0, +) / 400
        let deviation = (found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399).squareRoot()
        let claimed =
            try sweeps.map {
                Double(try RelevanceSpread(sums: $0).standardErrors(along: direction)[0])
            }.reduce(0, +) / 400
        // 400 sweeps know their deviation to about 1/√800 = 3.5 %.
        #expect(abs(claimed / deviation - 1) < 0.15)
    }

    @Test func onePairSaysNothingOfItsError() throws {
        let spread = try RelevanceSpread(sums: sums(pairs: 1, noise: 0.3, seed: 1))
        #expect(spread.errors.values.allSatisfy { $0 == 0 })
    }
}
