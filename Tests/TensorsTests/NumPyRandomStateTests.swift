import Testing

@testable import Tensors

/// Values printed by NumPy 2.4.6.
@Suite struct NumPyRandomStateTests {
    @Test func bitsAreThoseOfMT19937() {
        // numpy.random.RandomState(5489).randint(0, 2**32, 3, dtype=numpy.uint64), the generator's own test seed
        var random = NumPyRandomState(seed: 5489)
        #expect((0..<3).map { _ in random.next() } == [3_499_211_612, 581_869_302, 3_890_346_734])
    }

    @Test func gaussiansAreThoseOfRandn() {
        // numpy.random.RandomState(1).randn(5).astype(numpy.float32)
        var random = NumPyRandomState(seed: 1)
        #expect(random.gaussians(5) == [1.6243454, -0.6117564, -0.5281718, -1.0729686, 0.86540765])
    }

    @Test func streamContinuesPastARefill() {
        // numpy.random.RandomState(7).randn(2001)[2000]
        var random = NumPyRandomState(seed: 7)
        #expect(random.gaussians(2001)[2000] == gaussian2000OfSeed7)
    }

    private let gaussian2000OfSeed7: Float = -0.075559735
}
