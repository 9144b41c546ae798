import Tensors
import Testing

@testable import NeuralLayers

@Suite struct UpsamplePictureTests {
    @Test(arguments: ConvolutionReference.all(.picture))
    func agreesWithPyTorch(reference: ConvolutionReference) throws {
        let input = try FeatureMap(reference.arguments().input)
        let output = try FeatureMap([reference.batch, 3, 2 * reference.height, 2 * reference.width])
        try UpsamplePicture(input.shape)(input, into: output)
        // Four products of a value near 1: a few units in the last place.
        #expect(reference.distance(of: output.tensor()) < 1e-6)
    }

    @Test func addingAddsToThePictureBelow() throws {
        var random = NumPyRandomState(seed: 3)
        let input = try FeatureMap(Tensor(random.gaussians(2 * 3 * 20), shape: [2, 3, 4, 5]))
        let below = try Tensor(random.gaussians(2 * 3 * 80), shape: [2, 3, 8, 10])
        let alone = try FeatureMap([2, 3, 8, 10])
        let sum = try FeatureMap(below)
        let upsample = try UpsamplePicture(input.shape)
        try upsample(input, into: alone)
        try upsample(input, into: sum, adding: true)
        #expect(sum.tensor().values == zip(below.values, alone.tensor().values).map { $0 + $1 })
    }
}
