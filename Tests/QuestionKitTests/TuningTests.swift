import Testing

@testable import QuestionKit

@Suite struct TuningTests {
    private func point(_ beta: Float, _ alpha: Float, gain: Float, drift: Float, outside: Float)
        -> Tuning.Point
    {
        Tuning.Point(beta: beta, alpha: alpha, kept: 1, gain: gain, drift: drift, outside: outside)
    }

    @Test func ofThoseThatComeFarEnoughTheOneThatMovesTheRestLeastIsChosen() throws {
        let tuning = try #require(
            Tuning(curve: [
                point(0.1, 10, gain: 1, drift: 0.9, outside: 0.4),
                point(0.2, 10, gain: 0.91, drift: 0.5, outside: 0.1),
                point(0.2, 6, gain: 0.89, drift: 0.1, outside: 0.01),
                point(0.3, 10, gain: 0.95, drift: 0.4, outside: 0.4),
            ]))
        // Of 0.9 and 0.4 at most: 2, 0.81, and 1.44; the third comes not far enough.
        #expect(tuning.beta == 0.2 && tuning.alpha == 10)
    }

    @Test func wherePicturesMoveAwayOrNotAtAllNothingIsChosen() {
        #expect(Tuning(curve: []) == nil)
        #expect(Tuning(curve: [point(0.1, 1, gain: -0.2, drift: 0, outside: 0)]) == nil)
        #expect(Tuning(curve: [point(0.1, 1, gain: 0.2, drift: 0, outside: 0)])?.alpha == 1)
    }
}
