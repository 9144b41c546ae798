import Foundation
import Testing

@testable import RelevanceDatabase

@Suite struct BuildShardTests {
    @Test(arguments: [(1, 1), (10, 3), (7, 16), (100, 16), (1, 40)])
    func partsCoverEveryImageOfEveryLayerOnceAndAreAsGoodAsEqual(pairs: Int, count: Int) throws {
        let channels = [96, 96, 48, 1]
        var covered = channels.map { _ in [Int](repeating: 0, count: pairs) }
        for index in 1...count {
            let shard = try #require(BuildShard(index: index, count: count))
            let images = shard.images(pairs: pairs, channels: channels)
            for (layer, range) in images.enumerated() { for image in range { covered[layer][image] += 1 } }
            let size = zip(images, channels).reduce(0) { $0 + $1.0.count * $1.1 }
            let fair = Double(pairs * channels.reduce(0, +)) / Double(count)
            #expect(abs(Double(size) - fair) <= 2 * 96, "an image of the widest layer at either end")
        }
        #expect(covered.allSatisfy { $0.allSatisfy { $0 == 1 } })
    }

    @Test func theLargestBuildDoesNotOverflow() throws {
        let last = try #require(BuildShard(index: BuildShard.countLimit, count: BuildShard.countLimit))
        let images = last.images(pairs: 1 << 22, channels: [Int](repeating: 1 << 16, count: 256))
        #expect(images.allSatisfy { $0.upperBound == 1 << 22 && !$0.isEmpty })
    }

    @Test(arguments: [
        "0/3", "4/3", "1/0", "-1/3", "1/10001", "1", "1/2/3", "", "/", "a/b", "1/99999999999999999999",
    ])
    func whatIsNoPartIsNone(text: String) {
        #expect(BuildShard(text) == nil)
    }

    @Test func manifestsDoNotHoldPartsThatThereAreNot() throws {
        let shard = try #require(BuildShard("3/16"))
        let json = try JSONEncoder().encode(shard)
        #expect(try JSONDecoder().decode(BuildShard.self, from: json) == shard)
        let wrong = Data(#"{"index": 17, "count": 16}"#.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(BuildShard.self, from: wrong) }
    }
}
