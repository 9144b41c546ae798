import Tensors
import Testing

@testable import NeuralLayers

@Suite struct FeatureMapTests {
    @Test(arguments: [FeatureMapLayout.planes, .blocked(8), .blocked(16)], [1, 3, 5, 16, 20])
    func returnsTheTensorItWasGiven(layout: FeatureMapLayout, channels: Int) throws {
        let tensor = try Tensor((0..<2 * channels * 12).map(Float.init), shape: [2, channels, 3, 4])
        #expect(try FeatureMap(tensor, layout: layout).tensor() == tensor)
    }

    @Test func elementsLieWhereTheLayoutSays() throws {
        let tensor = try Tensor((0..<2 * 20 * 12).map(Float.init), shape: [2, 20, 3, 4])
        let map = try FeatureMap(tensor, layout: .blocked(8))
        let (n, c, y, x) = (1, 18, 2, 1)
        #expect(
            map.elements[(((n * map.blockCount + c / 8) * 3 + y) * 4 + x) * 8 + c % 8]
                == tensor[n * 240 + c * 12 + y * 4 + x])
    }

    @Test func aMapInAnothersMemoryMustFit() throws {
        let large = try FeatureMap([2, 16, 8, 8])
        let small = try FeatureMap([2, 16, 4, 4], inMemoryOf: large)
        #expect(small.elements.baseAddress == large.elements.baseAddress)
        #expect(throws: NeuralLayerError.self) { try FeatureMap([2, 16, 9, 8], inMemoryOf: large) }
    }

    @Test func emptyAndFlatShapesAreRefused() {
        for shape: Shape in [[], [1, 2, 3], [0, 1, 1, 1], [1, 0, 2, 2]] {
            #expect(throws: NeuralLayerError.self) { try FeatureMap(shape) }
        }
    }
}
