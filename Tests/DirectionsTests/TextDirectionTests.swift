import Testing

@testable import Directions

@Suite struct TextDirectionTests {
    @Test func leadsFromTheNeutralToTheTarget() throws {
        let direction = try TextDirection(target: [0, 2, 0], neutral: [5, 0, 0])
        let half = Float(0.5.squareRoot())
        #expect(direction.values == [-half, half, 0])
    }

    @Test func thereIsNoneBetweenPhrasesOfOneMeaning() {
        #expect(throws: RelevanceError.self) { try TextDirection(target: [1, 2, 3], neutral: [2, 4, 6]) }
    }

    @Test func embeddingsThatAreNoDirectionsAreRefused() {
        #expect(throws: RelevanceError.self) { try TextDirection(target: [0, 0], neutral: [1, 0]) }
        #expect(throws: RelevanceError.self) { try TextDirection(target: [1, 0], neutral: [.nan, 0]) }
        #expect(throws: RelevanceError.self) { try TextDirection(target: [1], neutral: [1, 0]) }
        #expect(throws: RelevanceError.self) { try TextDirection([]) }
    }
}
