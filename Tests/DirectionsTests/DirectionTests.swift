import Tensors
import Testing

@testable import Directions

@Suite struct DirectionTests {
    private let channels = try? SweptChannels(ranges: [0..<2, 3..<5], total: 6)
    private let relevance: [Float] = [0.1, -0.4, 0.2, 0.05]
    private let deviation: [Float] = [1, 2, 3, 4, 5, 6]

    private func direction(_ threshold: Float) throws -> Direction {
        try Direction(
            relevance: relevance, deviation: deviation, channels: #require(channels), threshold: threshold)
    }

    @Test func keptChannelsMoveByTheirShareOfTheLargestTimesTheirDeviation() throws {
        let direction = try direction(0.1)
        #expect(direction.change == [0.25, -2, 0, 2, 0, 0])
        #expect(direction.kept == [1, 2, 0])
        #expect(direction.relevance == relevance)
    }

    @Test func channelsThatAreNotSweptStay() throws {
        let direction = try direction(0)
        #expect(direction.change[2] == 0 && direction.change[5] == 0)
        #expect(direction.kept == [1, 2, 0, 3])
    }

    @Test func keepingNothingSaysWhatWouldKeepSomething() throws {
        let error = try #require(throws: RelevanceError.self) { try self.direction(0.5) }
        #expect(
            error.description
                == "no channel is relevant enough for β = 0.5: the largest |R| is 0.4; β = 0.4 keeps 1")
        guard case .nothingKept(_, _, let suggestions) = error else { throw error }
        for suggestion in suggestions {
            #expect(try direction(suggestion.threshold).kept.count == suggestion.channels)
        }
    }

    @Test func equalRelevancesAreKeptTogetherAndCountedSo() throws {
        let channels = try SweptChannels(ranges: [0..<3], total: 3)
        let error = try #require(throws: RelevanceError.self) {
            try Direction(
                relevance: [0.4, -0.4, 0.1], deviation: [1, 1, 1], channels: channels, threshold: 0.5)
        }
        guard case .nothingKept(_, _, let suggestions) = error else { throw error }
        #expect(suggestions == [ThresholdSuggestion(threshold: 0.4, channels: 2)])
    }

    @Test func theThresholdThatKeepsACountKeepsIt() throws {
        var random = NumPyRandomState(seed: 8)
        let relevance = random.gaussians(200).map { $0 / 5 }
        let channels = try SweptChannels(ranges: [0..<200], total: 200)
        for count in [1, 2, 50, 200] {
            let threshold = try #require(Direction.threshold(keeping: count, of: relevance))
            let direction = try Direction(
                relevance: relevance, deviation: relevance, channels: channels, threshold: threshold)
            #expect(direction.kept.count == count)
        }
        #expect(Direction.threshold(keeping: 201, of: relevance) == nil)
        #expect(Direction.threshold(keeping: 0, of: relevance) == nil)
    }

    @Test func aTableOfZerosKeepsNothingAtAnyThreshold() throws {
        #expect(throws: RelevanceError.self) {
            try Direction(
                relevance: [0, 0, 0, 0], deviation: deviation, channels: #require(channels), threshold: 0)
        }
    }

    @Test func partsThatDoNotFitAreRefused() throws {
        let channels = try #require(channels)
        #expect(throws: RelevanceError.self) {
            try Direction(relevance: [1], deviation: deviation, channels: channels, threshold: 0)
        }
        #expect(throws: RelevanceError.self) {
            try Direction(relevance: relevance, deviation: [1], channels: channels, threshold: 0)
        }
        #expect(throws: RelevanceError.self) {
            try Direction(relevance: [.nan, 1, 1, 1], deviation: deviation, channels: channels, threshold: 0)
        }
        #expect(throws: RelevanceError.self) { try self.direction(.nan) }
        #expect(throws: RelevanceError.self) { try self.direction(-0.1) }
        #expect(throws: RelevanceError.self) { try SweptChannels(ranges: [0..<3, 2..<4], total: 6) }
        #expect(throws: RelevanceError.self) { try SweptChannels(ranges: [0..<7], total: 6) }
    }
}
