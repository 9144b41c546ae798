import Checkpoints
import NeuralLayers
import Tensors
import TestSupport
import Testing

@testable import Editing

/// Beside what StyleCLIP's code gives in float64, and central differences; w's of 37 numbers, ten of them.
@Suite struct MapperNetworkTests {
    private let fixture: Checkpoint
    private let mapper: LatentMapper

    init() throws {
        Threads.limit(to: 1)
        fixture = try Checkpoint.open(path: MapperFixture.path("mapper.safetensors"))
        mapper = try MapperFixture.mapper(fixture)
    }

    @Test func aStepIsThePublishedCodes() throws {
        let step = try MapperNetwork(mapper, samples: 3)(fixture.tensor("w"))
        #expect(try relativeDistance(step, fixture.tensor("step")) < 1e-6)
    }

    @Test func gradientsAreAutograds() throws {
        let network = try MapperNetwork(mapper, samples: 3)
        _ = try network(fixture.tensor("w"))
        try network.gradients(ofStep: fixture.tensor("cotangent"))
        #expect(network.parameters.count == 24)
        for (parameter, tensor) in zip(network.parameters, mapper.tensors) {
            let found = try parameter.gradient.tensor().reshaped(to: tensor.values.shape)
            #expect(
                try relativeDistance(found, fixture.tensor("gradient." + tensor.name)) < 2e-6,
                "\(tensor.name)")
        }
    }

    /// The steps of one face do not depend on the faces beside it.
    @Test func aFaceAloneHasTheSameStep() throws {
        let w = try fixture.tensor("w")
        let together = try MapperNetwork(mapper, samples: 3)(w)
        let alone = try MapperNetwork(mapper, samples: 1)
        let size = w.count / 3
        for face in 0..<3 {
            let row = try Tensor(w.values[face * size..<(face + 1) * size], shape: [1, 10, 37])
            let step = try alone(row)
            let same = try Tensor(together.values[face * size..<(face + 1) * size], shape: [1, 10, 37])
            #expect(relativeDistance(step, same) < 1e-6)
        }
    }

    @Test func levelsThatAreLeftOutStay() throws {
        let medium = LatentMapper(
            latentCount: 10, wDimension: 37, levels: mapper.levels.filter { $0.level == .medium })
        let step = try MapperNetwork(medium, samples: 3)(fixture.tensor("w"))
        let whole = try fixture.tensor("step")
        for face in 0..<3 {
            for latent in 0..<10 {
                let start = (face * 10 + latent) * 37
                let (row, expected) = (step.values[start..<start + 37], whole.values[start..<start + 37])
                if (4..<8).contains(latent) {
                    #expect(zip(row, expected).allSatisfy { abs($0 - $1) < 1e-5 })
                } else {
                    #expect(row.allSatisfy { $0 == 0 })
                }
            }
        }
    }

    /// Biases keep every unit far above its corner or far below, so that the step is linear in each tensor alone.
    @Test func weightsGradientsAreDifferences() throws {
        let width = 5
        let random = try LatentMapper(seed: 5, levels: [.coarse, .fine], latentCount: 9, wDimension: width)
        let levels = random.levels.map { level in
            var level = level
            for (layer, size) in [1e3, 6e3, 4e4, 3e5].enumerated() {
                for i in 0..<width { level.biases[layer][i] = Float(i.isMultiple(of: 2) ? size : -size) }
            }
            return level
        }
        let mapper = LatentMapper(latentCount: 9, wDimension: width, levels: levels)
        var gaussians = NumPyRandomState(seed: 6)
        let w = try Tensor(gaussians.gaussians(2 * 9 * width), shape: [2, 9, width])
        let cotangent = try Tensor(gaussians.gaussians(2 * 9 * width), shape: [2, 9, width])
        let network = try MapperNetwork(mapper, samples: 2)
        _ = try network(w)
        try network.gradients(ofStep: cotangent)
        for (place, parameter) in network.parameters.enumerated() {
            let changedNetwork = try MapperNetwork(mapper, samples: 2)
            let error = try CentralDifferences.error(
                at: Array(parameter.values.elements), outputGradient: cotangent.values,
                gradient: Array(parameter.gradient.elements), step: 64
            ) { changed in
                _ = changedNetwork.parameters[place].values.elements.update(fromContentsOf: changed)
                return try changedNetwork(w).values
            }
            #expect(error < 2e-3, "\(mapper.tensors[place].name)")
        }
    }

    @Test func aShapeOfAnotherGeneratorIsRefused() throws {
        let network = try MapperNetwork(mapper, samples: 3)
        #expect(throws: ShapeError.self) { try network(Tensor(zeros: [3, 18, 37])) }
        #expect(throws: ShapeError.self) { try network.gradients(ofStep: Tensor(zeros: [2, 10, 37])) }
    }
}
