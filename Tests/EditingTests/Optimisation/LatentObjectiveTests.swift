import CLIP
import NeuralLayers
import StyleGAN
import Tensors
import TestSupport
import Testing

@testable import Editing

@Suite struct LatentObjectiveTests {
    init() { Threads.limit(to: 1) }

    /// A code, and another one nearby that it began as.
    private func codes(_ models: ReferenceModels, _ space: LatentSpace) throws -> (
        code: Tensor, start: Tensor
    ) {
        let start = try models.expected("\(space.rawValue).start")
        var random = NumPyRandomState(seed: 4)
        let moved = zip(start.values, random.gaussians(start.count)).map { $0 + 0.1 * $1 }
        return (try Tensor(moved, shape: start.shape), start)
    }

    private func objective(
        _ models: ReferenceModels, _ space: LatentSpace, weight: Float
    ) throws -> (LatentObjective, Generator) {
        let (generator, model) = try models.open()
        return (
            try LatentObjective(
                generator, model, space: space, text: models.expected("text").values, weight: weight),
            generator
        )
    }

    /// A difference of losses of about 1 in float32, over a step that is short beside the distance to the next kink of a
    /// ReLU: rounding and kinks leave up to 6 % in the worst of twelve directions. (`lossesAndLatentsAreThoseOfPyTorch`
    /// holds the same gradient to the last bits of autograd's in float64.)
    @Test(arguments: ReferenceModels.allCases.filter(\.isPresent), LatentSpace.allCases)
    func theGradientIsWhatCentralDifferencesSay(models: ReferenceModels, space: LatentSpace) throws {
        let (code, start) = try codes(models, space)
        for weight in [0, 0.05] as [Float] {
            let (objective, generator) = try objective(models, space, weight: weight)
            var gradient = Tensor(zeros: [0])
            _ = try objective.values(at: code, from: start, gradients: &gradient)
            #expect(gradient.shape == code.shape)
            let held = Set(space.held(generator).joined())
            let free = gradient.values.indices.filter { !held.contains($0) }
            let error = try CentralDifferences.error(
                at: free.map { code[$0] }, outputGradient: [1], gradient: free.map { gradient[$0] },
                step: 1e-3
            ) { values in
                var moved = code
                for (i, value) in zip(free, values) { moved[i] = value }
                return try objective.values(at: moved, from: start).map(\.loss)
            }
            #expect(error < 0.1)
        }
    }

    @Test(arguments: LatentSpace.allCases)
    func theDistancesPartOfTheGradientIsTwiceTheWeightedWay(space: LatentSpace) throws {
        let (code, start) = try codes(.animalFaces, space)
        var gradients: [Tensor] = []
        var held: Set<Int> = []
        for weight in [0, 0.05] as [Float] {
            let (objective, generator) = try objective(.animalFaces, space, weight: weight)
            var gradient = Tensor(zeros: [0])
            _ = try objective.values(at: code, from: start, gradients: &gradient)
            gradients.append(gradient)
            held = Set(space.held(generator).joined())
        }
        #expect(held.isEmpty == (space == .wPlus))
        for i in 0..<code.count {
            let expected = held.contains(i) ? 0 : 2 * 0.05 * (code[i] - start[i])
            #expect(abs(gradients[1][i] - gradients[0][i] - expected) < 1e-7)
        }
    }

    @Test(arguments: LatentSpace.allCases) func theLossIsTheSumOfItsTerms(space: LatentSpace) throws {
        let (code, start) = try codes(.animalFaces, space)
        let (objective, _) = try objective(.animalFaces, space, weight: 0.05)
        let value = try objective.values(at: code, from: start)[0]
        let distance = zip(code.values, start.values).reduce(0.0) {
            $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
        }
        #expect(abs(Double(value.distance) - distance) < 1e-5 * distance)
        #expect(abs(value.loss - (1 - value.similarity + 0.05 * value.distance)) < 1e-6 * value.loss)
        #expect(abs(value.similarity) <= 1)
        #expect(try objective.values(at: start, from: start)[0].distance == 0)
    }

    @Test func aTextOfAnotherCLIPIsRefused() throws {
        let (generator, model) = try ReferenceModels.animalFaces.open()
        #expect {
            try LatentObjective(generator, model, space: .s, text: [1, 0], weight: 0)
        } throws: { "\($0)".contains("2 where 128") }
    }
}
