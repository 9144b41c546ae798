import Directions
import Testing

@Suite struct ChannelChoiceTests {
    private let relevance: [Float] = [0.1, -0.4, 0, 0.2]

    @Test func aCountIsTheThresholdThatKeepsAsMany() throws {
        #expect(try ChannelChoice(.count(2)).threshold(for: relevance) == 0.2)
        #expect(try ChannelChoice(.threshold(0.3)).threshold(for: relevance) == 0.3)
        #expect(throws: RelevanceError.self) { try ChannelChoice(.count(4)).threshold(for: relevance) }
    }

    @Test func aChannelThatMovesWhatIsLeftAloneIsNotCounted() throws {
        let leftAlone: [Float] = [0.11, 0.3, 0, 0.05]
        func threshold(_ count: Int) throws -> Float {
            try ChannelChoice(.count(count)).threshold(for: relevance, leavingAlone: leftAlone)
        }
        // At β 0.4 the second channel is kept; at 0.2 and 0.1 it is left alone.
        #expect(try threshold(1) == 0.4)
        #expect(try threshold(2) == 0.1)
        #expect(throws: RelevanceError.self) { try threshold(3) }
        #expect(
            try ChannelChoice(.threshold(0.3)).threshold(for: relevance, leavingAlone: leftAlone) == 0.3)
    }
}
