import Tensors
import Testing

@testable import Directions

@Suite struct RelevanceTableTests {
    // Widths around the 16 and the 64 numbers that are multiplied together.
    @Test(arguments: [1, 15, 16, 19, 63, 64, 65, 83, 131])
    func relevanceIsEveryRowsProductWithTheDirection(dimension: Int) throws {
        var random = NumPyRandomState(seed: 2)
        let channels = 37
        let rows = try Tensor(random.gaussians(channels * dimension), shape: [channels, dimension])
        let direction = try TextDirection(random.gaussians(dimension))
        let relevance = try RelevanceTable(rows: rows).relevance(to: direction)
        for c in 0..<channels {
            let expected = (0..<dimension).reduce(0.0) {
                $0 + Double(rows[c * dimension + $1]) * Double(direction.values[$1])
            }
            // At most 131 products with the parts of a unit vector, each rounded by 2^-24.
            #expect(abs(Double(relevance[c]) - expected) < 2e-6)
        }
    }

    @Test func aDirectionOfAnotherWidthIsRefused() throws {
        let table = try RelevanceTable(rows: Tensor(zeros: [4, 3]))
        #expect(throws: RelevanceError.self) { try table.relevance(to: TextDirection([1, 0])) }
        #expect(throws: RelevanceError.self) { try RelevanceTable(rows: Tensor(zeros: [4])) }
        #expect(throws: RelevanceError.self) { try RelevanceTable(rows: Tensor(zeros: [4, 0])) }
    }

    @Test func anEmptyTableHasNoRelevance() throws {
        #expect(
            try RelevanceTable(rows: Tensor(zeros: [0, 3])).relevance(to: TextDirection([1, 0, 0])) == [])
    }
}
