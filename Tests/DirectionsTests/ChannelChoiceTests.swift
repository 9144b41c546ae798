import Directions
import Testing

@Suite struct ChannelChoiceTests {
    private let relevance: [Float] = [0.1, -0.4, 0, 0.2]

    @Test func aCountIsTheThresholdThatKeepsAsMany() throws {
        #expect(try ChannelChoice(.count(2)).threshold(for: relevance) == 0.2)
        #expect(try ChannelChoice(.threshold(0.3)).threshold(for: relevance) == 0.3)
        #expect(throws: RelevanceError.self) { try ChannelChoice(.count(4)).threshold(for: relevance) }
    }
}
