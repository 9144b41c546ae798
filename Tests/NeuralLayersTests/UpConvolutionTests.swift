import Tensors
import Testing

@testable import NeuralLayers

@Suite struct UpConvolutionTests {
    @Test(arguments: ConvolutionReference.all(.up))
    func agreesWithPyTorch(reference: ConvolutionReference) throws {
        Threads.limit(to: 1)
        let (input, weights) = try reference.arguments()
        let output = try FeatureMap(
            [reference.batch, reference.outputs, 2 * reference.height, 2 * reference.width],
            layout: .blockedForProcessor)
        try UpConvolution(reference.shape, weights: weights)(FeatureMap(input), into: output)
        // Sums of at most 9 × 48 products near 1/16 in float32.
        #expect(reference.distance(of: output.tensor()) < 4e-6)
    }

    /// Away from the border a constant goes to that constant times the weights' sum: transposing by stride 2 leaves
    /// each of four phases a part of the weights, and the filter weighs the phases equally, 4/4.
    @Test func aConstantStaysConstantInside() throws {
        Threads.limit(to: 1)
        let shape = ConvolutionShape(batch: 1, inputChannels: 4, outputChannels: 6, height: 5, width: 6)
        var random = NumPyRandomState(seed: 1)
        let weights = try Tensor(random.gaussians(6 * 4 * 9), shape: [6, 4, 3, 3])
        let input = try FeatureMap(Tensor([Float](repeating: 1, count: 4 * 30), shape: [1, 4, 5, 6]))
        let output = try FeatureMap([1, 6, 10, 12])
        try UpConvolution(shape, weights: weights)(input, into: output)
        let picture = output.tensor()
        for channel in 0..<6 {
            let sum = weights.values[channel * 36..<(channel + 1) * 36].reduce(0, +)
            for y in 2..<8 {
                for x in 2..<10 { #expect(abs(picture[(channel * 10 + y) * 12 + x] - sum) < 1e-4) }
            }
        }
    }

    @Test func wrongShapesAreRefused() throws {
        let shape = ConvolutionShape(batch: 2, inputChannels: 5, outputChannels: 20, height: 6, width: 7)
        let convolution = try UpConvolution(shape, weights: Tensor(zeros: [20, 5, 3, 3]))
        let input = try FeatureMap([2, 5, 6, 7])
        #expect(throws: NeuralLayerError.self) { try convolution(input, into: FeatureMap([2, 20, 6, 7])) }
        #expect(throws: NeuralLayerError.self) { try convolution(input, into: FeatureMap([1, 20, 12, 14])) }
        var narrow = shape
        narrow.kernel = 1
        #expect(throws: NeuralLayerError.self) {
            try UpConvolution(narrow, weights: Tensor(zeros: [20, 5, 1, 1]))
        }
        var empty = shape
        empty.batch = 0
        #expect(throws: NeuralLayerError.self) {
            try UpConvolution(empty, weights: Tensor(zeros: [20, 5, 3, 3]))
        }
    }
}
