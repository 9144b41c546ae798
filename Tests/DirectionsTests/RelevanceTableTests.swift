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

    @Test(arguments: [(1, 5), (37, 19), (65, 64)])
    func manyDirectionsAtOnceAreThoseOneByOne(channels: Int, dimension: Int) throws {
        var random = NumPyRandomState(seed: 3)
        let rows = random.gaussians(channels * dimension)
        let directions = try (0..<23).map { _ in try TextDirection(random.gaussians(dimension)) }
        try rows.withUnsafeBufferPointer { rows in
            let found = try RelevanceTable.relevance(ofRows: rows, channels: channels, to: directions)
            for (together, direction) in zip(found, directions) {
                let alone = try RelevanceTable.relevance(ofRows: rows, channels: channels, to: direction)
                // Sums of at most 64 products with the parts of a unit vector, in two orders.
                #expect(zip(together, alone).allSatisfy { abs($0 - $1) < 2e-6 })
            }
            #expect(try RelevanceTable.relevance(ofRows: rows, channels: channels, to: []).isEmpty)
            let other = try TextDirection([1, 2])
            #expect(throws: RelevanceError.self) {
                try RelevanceTable.relevance(ofRows: rows, channels: channels, to: [directions[0], other])
            }
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
