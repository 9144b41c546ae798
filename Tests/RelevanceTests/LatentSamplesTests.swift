import Testing

@testable import Relevance

@Suite struct LatentSamplesTests {
    @Test(arguments: [1, 5, 8]) func piecesOfTheStreamAreTheStream(dimension: Int) throws {
        var whole = LatentSamples(seed: 7, dimension: dimension)
        let all = try whole.next(10).values
        var pieces = LatentSamples(seed: 7, dimension: dimension)
        let joined = try pieces.next(3).values + pieces.next(1).values + pieces.next(6).values
        #expect(joined == all)
        #expect(pieces.position == 10)
        let later = try LatentSamples.images(4..<9, seed: 7, dimension: dimension)
        #expect(later.shape == [5, dimension])
        #expect(later.values == Array(all[4 * dimension..<9 * dimension]))
    }
}
