import Tensors
import TestSupport
import Testing

@testable import NeuralLayers

/// Against central differences of the forward layers, which agree with PyTorch. All of these are linear, so a step of
/// 1 makes no error of its own; what is left is the rounding of both ways, Winograd's among it.
@Suite struct ConvolutionGradientTests {
    private static let tolerance = 2e-5

    static let shapes = [
        ConvolutionShape(batch: 3, inputChannels: 5, outputChannels: 20, height: 6, width: 7),
        ConvolutionShape(batch: 2, inputChannels: 33, outputChannels: 18, height: 11, width: 9),
        ConvolutionShape(batch: 1, inputChannels: 40, outputChannels: 48, height: 4, width: 5),
        ConvolutionShape(batch: 5, inputChannels: 17, outputChannels: 4, height: 1, width: 3),
        ConvolutionShape(batch: 2, inputChannels: 70, outputChannels: 65, height: 16, width: 13),
    ]

    private struct Arguments {
        let input, weights, outputGradient: Tensor

        init(_ shape: ConvolutionShape, factor: Int) throws {
            var random = NumPyRandomState(seed: 11)
            func gaussians(_ shape: Shape) throws -> Tensor {
                try Tensor(random.gaussians(shape.count), shape: shape)
            }
            input = try gaussians([shape.batch, shape.inputChannels, shape.height, shape.width])
            weights = try gaussians([shape.outputChannels, shape.inputChannels, shape.kernel, shape.kernel])
            outputGradient = try gaussians([
                shape.batch, shape.outputChannels, factor * shape.height, factor * shape.width,
            ])
        }
    }

    @Test(arguments: shapes) func aConvolutionsGradientIsItsDifferences(shape: ConvolutionShape) throws {
        Threads.limit(to: 1)
        let arguments = try Arguments(shape, factor: 1)
        let gradient = try FeatureMap(arguments.input.shape)
        try ConvolutionGradient(shape, weights: arguments.weights)(
            FeatureMap(arguments.outputGradient), into: gradient)
        let convolution = try Convolution(shape, weights: arguments.weights)
        let output = try FeatureMap(arguments.outputGradient.shape)
        let error = try CentralDifferences.error(
            at: arguments.input.values, outputGradient: arguments.outputGradient.values,
            gradient: gradient.tensor().values, step: 1
        ) { x in
            try convolution(FeatureMap(Tensor(x, shape: arguments.input.shape)), into: output)
            return output.tensor().values
        }
        #expect(error < Self.tolerance)
    }

    @Test(arguments: shapes) func anUpConvolutionsGradientIsItsDifferences(shape: ConvolutionShape) throws {
        Threads.limit(to: 1)
        let arguments = try Arguments(shape, factor: 2)
        let gradient = try FeatureMap(arguments.input.shape, layout: .blockedForProcessor)
        let layer = try UpConvolutionGradient(shape, weights: arguments.weights)
        let outputGradient = try FeatureMap(arguments.outputGradient, layout: .blockedForProcessor)
        // Twice, for the filter keeps a row between its calls.
        for _ in 0..<2 { try layer(outputGradient, into: gradient) }
        let convolution = try UpConvolution(shape, weights: arguments.weights)
        let output = try FeatureMap(arguments.outputGradient.shape, layout: .blockedForProcessor)
        let error = try CentralDifferences.error(
            at: arguments.input.values, outputGradient: arguments.outputGradient.values,
            gradient: gradient.tensor().values, step: 1
        ) { x in
            try convolution(FeatureMap(Tensor(x, shape: arguments.input.shape)), into: output)
            return output.tensor().values
        }
        #expect(error < Self.tolerance)
    }

    @Test(arguments: [[2, 3, 5, 7], [1, 1, 1, 1], [3, 3, 8, 2]])
    func aDoubledPicturesGradientIsItsDifferences(extents: [Int]) throws {
        let shape = try Shape(extents)
        let doubled = try Shape([extents[0], extents[1], 2 * extents[2], 2 * extents[3]])
        var random = NumPyRandomState(seed: 12)
        let input = random.gaussians(shape.count)
        let outputGradient = random.gaussians(doubled.count)
        let gradient = try FeatureMap(shape, layout: .planes)
        try UpsamplePictureGradient(shape)(
            FeatureMap(Tensor(outputGradient, shape: doubled), layout: .planes), into: gradient)
        let double = try UpsamplePicture(shape)
        let output = try FeatureMap(doubled, layout: .planes)
        let error = try CentralDifferences.error(
            at: input, outputGradient: outputGradient, gradient: gradient.tensor().values, step: 1
        ) { x in
            try double(FeatureMap(Tensor(x, shape: shape), layout: .planes), into: output)
            return output.tensor().values
        }
        #expect(error < Self.tolerance)
    }

    @Test(arguments: [[11, 13, 4, 5], [7, 5, 9, 17], [31, 9, 30, 3], [3, 4, 1, 1]])
    func resamplingsGradientIsItsDifferences(sizes: [Int]) throws {
        let (inputs, outputs) = (2 * sizes[0] * sizes[1], 2 * sizes[2] * sizes[3])
        var random = NumPyRandomState(seed: 13)
        let (input, outputGradient) = (random.gaussians(inputs), random.gaussians(outputs))
        var gradient = [Float](repeating: 5, count: inputs)
        let layer = try BicubicResizeGradient(
            inputHeight: sizes[0], inputWidth: sizes[1], outputHeight: sizes[2], outputWidth: sizes[3])
        outputGradient.withUnsafeBufferPointer { source in
            gradient.withUnsafeMutableBufferPointer { layer(source, into: $0, planes: 2) }
        }
        let resize = try BicubicResize(
            inputHeight: sizes[0], inputWidth: sizes[1], outputHeight: sizes[2], outputWidth: sizes[3])
        let error = CentralDifferences.error(
            at: input, outputGradient: outputGradient, gradient: gradient, step: 1
        ) { x in
            var output = [Float](repeating: 0, count: outputs)
            x.withUnsafeBufferPointer { x in
                output.withUnsafeMutableBufferPointer { resize(x, into: $0, planes: 2) }
            }
            return output
        }
        #expect(error < Self.tolerance)
    }

    @Test func wrongShapesAreRefused() throws {
        let shape = ConvolutionShape(batch: 1, inputChannels: 5, outputChannels: 20, height: 6, width: 7)
        #expect(throws: NeuralLayerError.self) {
            try ConvolutionGradient(shape, weights: Tensor(zeros: [5, 20, 3, 3]))
        }
        #expect(throws: NeuralLayerError.self) {
            try UpConvolutionGradient(shape, weights: Tensor(zeros: [20, 5, 1, 1]))
        }
        let gradient = try UpConvolutionGradient(shape, weights: Tensor(zeros: [20, 5, 3, 3]))
        #expect(throws: NeuralLayerError.self) {
            try gradient(FeatureMap([1, 20, 6, 7]), into: FeatureMap([1, 5, 6, 7]))
        }
        var one = shape
        one.kernel = 1
        #expect(throws: NeuralLayerError.self) {
            try UpConvolutionGradient(one, weights: Tensor(zeros: [20, 5, 1, 1]))
        }
        #expect(throws: NeuralLayerError.self) {
            try BicubicResizeGradient(inputHeight: 0, inputWidth: 3, outputHeight: 2, outputWidth: 2)
        }
        #expect(throws: NeuralLayerError.self) {
            try UpsamplePictureGradient([1, 3, 2, 2])(
                FeatureMap([1, 3, 4, 5], layout: .planes), into: FeatureMap([1, 3, 2, 2], layout: .planes))
        }
    }
}
