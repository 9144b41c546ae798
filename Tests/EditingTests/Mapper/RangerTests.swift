import Checkpoints
import Tensors
import TestSupport
import Testing

@testable import Editing

@Suite struct RangerTests {
    /// A matrix, whose gradients are centralised, and a vector, over four returns of the lookahead.
    @Test func itTakesThePublishedSteps() throws {
        let fixture = try Checkpoint.open(path: MapperFixture.path("ranger.safetensors"))
        let first = try (0..<2).map { try fixture.tensor("first.\($0)") }
        let parameters = try first.map(MapperNetwork.Parameter.init)
        var ranger = Ranger(first)
        for step in 0..<25 {
            for (place, parameter) in parameters.enumerated() {
                let gradient = try fixture.tensor("gradient.\(step).\(place)")
                _ = parameter.gradient.elements.update(fromContentsOf: gradient.values)
            }
            ranger.step(parameters, learningRate: 0.5)
            for (place, parameter) in parameters.enumerated() {
                let found = try parameter.values.tensor().reshaped(to: first[place].shape)
                // A step's length is of about one part in a hundred of the weights'; both are float32.
                #expect(
                    try relativeDistance(found, fixture.tensor("after.\(step).\(place)")) < 1e-6,
                    "step \(step)")
            }
        }
        #expect(ranger.steps == 25)
    }

    /// ρ_t passes 5 at the sixth step; until then the variance is not divided by.
    @Test func theVarianceCountsFromTheSixthStepOn() {
        #expect((1...5).allSatisfy { !Ranger.stepSize($0).isAdaptive })
        #expect(Ranger.stepSize(6).isAdaptive)
        #expect(abs(Ranger.stepSize(1).size - 20) < 1e-9)
        #expect(abs(Ranger.stepSize(100_000).size - 1) < 1e-3)
    }
}
