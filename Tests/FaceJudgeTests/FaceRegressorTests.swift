import AnimalFaces
import Checkpoints
import FaceJudge
import Tensors
import Testing

@Suite struct FaceRegressorTests {
    @Test func readingDoesNotDependOnTheBatch() throws {
        var random = NumPyRandomState(seed: 5)
        let size = 3 * 64 * 64
        let pictures = try Tensor(random.gaussians(5 * size).map { $0 / 3 }, shape: [5, 3, 64, 64])
        let checkpoint = try Checkpoint.open(path: AnimalFaces.resource(.regressor))
        let many = try FaceRegressor(checkpoint: checkpoint, batch: 8).read(pictures)
        let few = try FaceRegressor(checkpoint: checkpoint, batch: 2).read(pictures)
        #expect(many.count == 5)
        for (one, other) in zip(many, few) {
            // Kernels for another batch may add in another order.
            for trait in FaceTrait.allCases { #expect(abs(one[trait] - other[trait]) < 1e-4) }
            for palette in Palette.allCases {
                #expect(one.movement(of: .colour(palette), from: other) < 1e-4)
            }
        }
    }

    @Test func anotherNetworkIsRefused() throws {
        let generator = try Checkpoint.open(path: AnimalFaces.resource(.generator))
        #expect(throws: CheckpointError.self) { try FaceRegressor(checkpoint: generator, batch: 2) }
    }
}
