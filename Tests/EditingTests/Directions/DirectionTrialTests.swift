import CLIP
import Relevance
import StyleGAN
import Testing

@testable import Editing

@Suite struct DirectionTrialTests {
    @Test func outsideIsTheMeanChangeOfThePixelsThatChangeLeast() {
        // Eight pixels of three colours; two of them change most and are left out, values beyond ±1 are cut.
        let original = [Float](repeating: 0, count: 24)
        var edited = original
        for colour in 0..<3 {
            edited[colour * 8 + 1] = 0.9
            edited[colour * 8 + 5] = -5
            edited[colour * 8 + 6] = 0.3
        }
        #expect(abs(DirectionTrial.outside(edited[...], original) - 0.3 / 6) < 1e-6)
        #expect(DirectionTrial.outside(original[...], original) == 0)
    }
}
