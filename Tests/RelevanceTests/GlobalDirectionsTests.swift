import Checkpoints
import Relevance
import Tensors
import TestSupport
import Testing

/// The published formulas on given features: 12 pairs of 200 channels, low and high, of no particular norm.
@Suite(.enabled(if: Conformance.isPresent)) struct GlobalDirectionsTests {
    private let reference: Checkpoint

    init() throws {
        reference = try Checkpoint.open(path: Conformance.path("global-directions/case.safetensors"))
    }

    private func table() throws -> RelevanceTable {
        let features = try reference.tensor("features")  // [C, N, 2, d]
        let (channels, pairs, dimension) = (features.shape[0], features.shape[1], features.shape[3])
        var sums = ChannelSums(channels: channels, dimension: dimension)
        try features.withUnsafeValues { features in
            for channel in 0..<channels {
                for pair in 0..<pairs {
                    let low = (channel * pairs + pair) * 2 * dimension
                    try sums.add(
                        high: UnsafeBufferPointer(rebasing: features[low + dimension..<low + 2 * dimension]),
                        low: UnsafeBufferPointer(rebasing: features[low..<low + dimension]), to: channel)
                }
            }
        }
        return RelevanceTable(sums: sums)
    }

    @Test func theTableIsThePublishedOne() throws {
        let (found, expected) = try (table().rows, reference.tensor("relevance"))
        #expect(found.shape == expected.shape)
        for i in 0..<found.count { #expect(abs(found[i] - expected[i]) < 1e-6) }
    }

    @Test(arguments: [("0.0", 200), ("0.05", 158), ("0.12", 104)] as [(String, Int)])
    func directionsAreThePublishedOnes(threshold: String, kept: Int) throws {
        let relevance = try table().relevance(to: TextDirection(reference.tensor("delta_t").values))
        let direction = try Direction(
            relevance: relevance, deviation: reference.tensor("std").values,
            channels: SweptChannels(ranges: [0..<200], total: 200), threshold: #require(Float(threshold)))
        let expected = try reference.tensor("direction.beta\(threshold)").values
        #expect(direction.kept.count == kept)
        for (found, expected) in zip(direction.change, expected) { #expect(abs(found - expected) < 1e-5) }
    }
}
