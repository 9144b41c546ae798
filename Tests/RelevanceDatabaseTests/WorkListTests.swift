import Testing

@testable import RelevanceDatabase

@Suite struct WorkListTests {
    @Test func nothingDoneIsAllToDoInWholeUnits() {
        let list = WorkList([0: 0..<7, 2: 0..<7], imagesPerUnit: 3, done: [:])
        #expect(list.units.map(\.images) == [0..<3, 0..<3, 3..<6, 3..<6, 6..<7, 6..<7])
        #expect(list.units.map(\.layers) == [[0], [2], [0], [2], [0], [2]])
        #expect(list.units.allSatisfy { $0.method == .pairs })
    }

    @Test func derivativesOfAnImageAreAUnitOfAllLayersThatMissThem() {
        let list = WorkList(
            [0: 0..<3, 1: 0..<3, 2: 0..<3], imagesPerUnit: 2, derivatives: [0, 2], done: [0: [1..<2]])
        let expected: [WorkList.Unit] = [
            .init(method: .gradient, layers: [0, 2], images: 0..<1),
            .init(method: .pairs, layers: [1], images: 0..<2),
            .init(method: .gradient, layers: [2], images: 1..<2),
            .init(method: .gradient, layers: [0, 2], images: 2..<3),
            .init(method: .pairs, layers: [1], images: 2..<3),
        ]
        #expect(list.units == expected)
    }

    @Test func morePairsAreOnlyTheNewOnes() {
        let list = WorkList([1: 0..<20], imagesPerUnit: 4, done: [1: [0..<4, 4..<8, 8..<10]])
        #expect(list.units.map(\.images) == [10..<12, 12..<16, 16..<20])
    }

    @Test func aPartOfTheImagesIsCutAtTheSamePlaces() {
        let list = WorkList([0: 5..<11, 1: 6..<6], imagesPerUnit: 4, done: [0: [8..<9]])
        #expect(list.units.map(\.images) == [5..<8, 9..<11])
    }

    @Test func unitsAndDoneWorkTogetherCoverEveryImageOnce() {
        for (step, done) in [(1, [3..<5]), (4, [5..<6, 0..<2]), (7, [19..<25]), (3, []), (5, [0..<20])] {
            let units = WorkList([0: 0..<20], imagesPerUnit: step, done: [0: done]).units
            let images = (units.map(\.images) + done).flatMap { $0 }.filter { $0 < 20 }.sorted()
            #expect(images == Array(0..<20))
            #expect(units.allSatisfy { $0.images.count <= step && !$0.images.isEmpty })
        }
    }
}
