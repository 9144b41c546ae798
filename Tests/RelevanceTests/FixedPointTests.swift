import Tensors
import Testing

@testable import Relevance

@Suite struct FixedPointTests {
    @Test func floatsAreKeptToTheLastOfFortyPlaces() {
        var random = NumPyRandomState(seed: 3)
        for _ in 0..<10_000 {
            let value = Double(Float(2 * random.uniform() - 1))
            #expect(abs(FixedPoint.decode(FixedPoint.encode(value)) - value) <= 0x1p-41)
        }
    }

    @Test func theSignIsASignOnly() {
        var random = NumPyRandomState(seed: 4)
        for _ in 0..<1000 {
            let value = 2 * random.uniform() - 1
            #expect(FixedPoint.encode(-value) == -FixedPoint.encode(value))
        }
    }

    @Test func roundingBeyondOneIsOne() {
        #expect(FixedPoint.encode(1.0000001) == FixedPoint.one)
        #expect(FixedPoint.encode(-1.0000001) == -FixedPoint.one)
        #expect(FixedPoint.encode(0) == 0)
    }
}
