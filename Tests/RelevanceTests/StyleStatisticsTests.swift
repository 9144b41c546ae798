import Tensors
import Testing

@testable import Relevance

@Suite struct StyleStatisticsTests {
    private func styles(_ samples: Int, channels: Int, offset: Float = 0, seed: UInt32 = 1) throws -> Tensor {
        var random = NumPyRandomState(seed: seed)
        return try Tensor(
            random.gaussians(samples * channels).map { $0 + offset }, shape: [samples, channels])
    }

    private func part(_ styles: Tensor, _ range: Range<Int>) throws -> StyleMoments {
        let channels = styles.shape[1]
        return try StyleMoments(
            of: Tensor(
                styles.values[range.lowerBound * channels..<range.upperBound * channels],
                shape: [range.count, channels]))
    }

    @Test func deviationIsOfThePopulation() throws {
        let statistics = try StyleStatistics(blocks: [
            StyleMoments(of: Tensor([1, 10, 3, 10, 5, 13], shape: [3, 2]))
        ])
        #expect(statistics.mean == [3, 11])
        #expect(statistics.deviation == [Float((8.0 / 3).squareRoot()), Float(2.0.squareRoot())])
    }

    @Test func blocksOfAnySizeAgree() throws {
        let styles = try styles(501, channels: 9)
        let whole = try StyleStatistics(blocks: [StyleMoments(of: styles)])
        for size in [1, 7, 100, 500] {
            let blocks = try stride(from: 0, to: 501, by: size).map {
                try part(styles, $0..<min(501, $0 + size))
            }
            let merged = try StyleStatistics(blocks: blocks)
            // Equal to float64's rounding, which float32 shows as one unit in the last place at most.
            for c in 0..<9 {
                #expect(abs(merged.mean[c] - whole.mean[c]) <= whole.mean[c].ulp)
                #expect(abs(merged.deviation[c] - whole.deviation[c]) <= whole.deviation[c].ulp)
            }
        }
    }

    @Test func aLargeMeanDoesNotDrownASmallDeviation() throws {
        let near = try StyleStatistics(blocks: [StyleMoments(of: styles(1000, channels: 3))])
        let moved = try styles(1000, channels: 3, offset: 4096)
        let far = try StyleStatistics(blocks: [part(moved, 0..<300), part(moved, 300..<1000)])
        // Float32 at 4096 is spaced 2^-11, so each sample is off by up to 2^-12.
        for c in 0..<3 { #expect(abs(far.deviation[c] - near.deviation[c]) < 0x1p-12) }
    }

    @Test func impossibleStatisticsAreRefused() {
        #expect(throws: RelevanceError.self) { try StyleStatistics(mean: [0], deviation: [1, 1]) }
        #expect(throws: RelevanceError.self) { try StyleStatistics(mean: [.nan], deviation: [1]) }
        #expect(throws: RelevanceError.self) { try StyleStatistics(mean: [0], deviation: [-1]) }
        #expect(throws: RelevanceError.self) { try StyleStatistics(blocks: []) }
        #expect(throws: RelevanceError.self) {
            try StyleStatistics(blocks: [
                StyleMoments(of: styles(2, channels: 3)), StyleMoments(of: styles(2, channels: 4)),
            ])
        }
    }
}
