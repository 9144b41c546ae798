import Editing
import Tensors
import Testing

@Suite struct AdamTests {
    /// The algorithm as its paper has it, in float64.
    private struct Reference {
        var (m, v, x, t) = (0.0, 0.0, 0.0, 0.0)

        mutating func step(_ gradient: Double, rate: Double) {
            t += 1
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient * gradient
            var (first, second) = (1.0, 1.0)
            for _ in 0..<Int(t) { (first, second) = (first * 0.9, second * 0.999) }
            x -= rate * (m / (1 - first)) / ((v / (1 - second)).squareRoot() + 1e-8)
        }
    }

    /// Float32 where the reference is float64: 50 steps of a rounding of 6e-8 each, of a walk of about 3.
    @Test func stepsAreThoseOfThePaper() {
        var random = NumPyRandomState(seed: 3)
        var references = [Reference](repeating: Reference(), count: 7)
        var adam = Adam(count: 7)
        var x = Tensor(zeros: [7])
        for step in 0..<50 {
            // Of sizes from 1e-6 to 1, as the gradients of latents are.
            let gradient = random.gaussians(7).enumerated().map {
                $1 * [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6][$0]
            }
            let rate = 0.1 * Double(step % 10)
            adam.step(&x, gradient: Tensor(gradient), learningRate: rate)
            for i in 0..<7 { references[i].step(Double(gradient[i]), rate: rate) }
        }
        for i in 0..<7 {
            #expect(abs(Double(x[i]) - references[i].x) < 2e-5 * max(1, abs(references[i].x)))
        }
    }

    @Test func theFirstStepIsAsLongAsTheLearningRateWhateverTheGradient() {
        for gradient in [1e-3, -5, 700] as [Float] {
            var adam = Adam(count: 1)
            var x = Tensor([2])
            adam.step(&x, gradient: Tensor([gradient]), learningRate: 0.25)
            #expect(abs(x[0] - (gradient > 0 ? 1.75 : 2.25)) < 1e-5)
        }
    }

    @Test func whatHasNoGradientStaysWhereItIs() {
        var adam = Adam(count: 2)
        var x = Tensor([3, 3])
        for _ in 0..<5 { adam.step(&x, gradient: Tensor([0, 1]), learningRate: 0.1) }
        #expect(x[0] == 3 && x[1] < 3)
    }
}
