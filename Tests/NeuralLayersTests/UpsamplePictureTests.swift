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
}
