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

    /// A layer that keeps its map's size, and one that doubles it, every channel of ȳ scaled first.
    @Test(arguments: shapes, [false, true])
    func aStyledConvolutionsGradientIsItsDifferences(shape: ConvolutionShape, isUp: Bool) throws {
        Threads.limit(to: 1)
        let arguments = try Arguments(shape, factor: isUp ? 2 : 1)
        var random = NumPyRandomState(seed: 14)
        let scales = random.gaussians(shape.batch * shape.outputChannels)
        let vectors = ChannelVectors(rows: shape.batch, channels: shape.outputChannels)
        for row in 0..<shape.batch {
            vectors.withRow(row) { for i in $0.indices { $0[i] = scales[row * shape.outputChannels + i] } }
        }
        let layer = try StyledConvolutionGradient(
            StyledWeights(gradientOf: arguments.weights, isUp: isUp), batch: shape.batch,
            height: shape.height, width: shape.width)
        let outputGradient = try blocked(arguments.outputGradient)
        let gradient = try FeatureMap(arguments.input.shape, layout: .blocked(16))
        // Twice, for the second finds what the first left in its memory.
        for _ in 0..<2 { try layer(outputGradient, scales: vectors, into: gradient) }

        let convolution = try StyledConvolution(
            StyledWeights(arguments.weights, isUp: isUp), batch: shape.batch, height: shape.height,
            width: shape.width)
        let ones = ChannelVectors(rows: shape.batch, channels: shape.inputChannels)
        for row in 0..<shape.batch { ones.withRow(row) { $0.update(repeating: 1) } }
        let output = try FeatureMap(arguments.outputGradient.shape, layout: .blocked(16))
        let pixels = output.height * output.width
        let scaled = arguments.outputGradient.values.enumerated().map { $1 * scales[$0 / pixels] }
        let error = try CentralDifferences.error(
            at: arguments.input.values, outputGradient: scaled, gradient: gradient.tensor().values, step: 1
        ) { x in
            try convolution(
                blocked(Tensor(x, shape: arguments.input.shape)), styles: ones, demodulation: vectors,
                finish: nil, into: output)
            return output.tensor().values
        }
        #expect(error < Self.tolerance)
    }

    private func blocked(_ tensor: Tensor) throws -> FeatureMap {
        try FeatureMap(tensor, layout: .blocked(16))
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
        let resize = try BicubicResize(
            inputHeight: sizes[0], inputWidth: sizes[1], outputHeight: sizes[2], outputWidth: sizes[3])
        let layer = BicubicResizeGradient(of: resize)
        outputGradient.withUnsafeBufferPointer { source in
            gradient.withUnsafeMutableBufferPointer { layer(source, into: $0, planes: 2) }
        }
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

    struct Geometry: CustomTestStringConvertible {
        let inputs, outputs, height, width, kernel, stride: Int
        var testDescription: String {
            "\(inputs)→\(outputs) \(height)×\(width), kernel \(kernel), stride \(stride)"
        }
    }

    /// Two gradients of one map, of blocks and of a picture's planes.
    @Test(arguments: [
        Geometry(inputs: 5, outputs: 20, height: 6, width: 7, kernel: 3, stride: 1),
        Geometry(inputs: 3, outputs: 8, height: 12, width: 10, kernel: 3, stride: 2),
        Geometry(inputs: 3, outputs: 17, height: 9, width: 11, kernel: 3, stride: 2),
        Geometry(inputs: 33, outputs: 18, height: 5, width: 4, kernel: 1, stride: 1),
    ])
    func aNormalisedConvolutionsGradientIsItsDifferences(geometry: Geometry) throws {
        Threads.limit(to: 1)
        let (inputs, outputs) = (geometry.inputs, geometry.outputs)
        var random = NumPyRandomState(seed: 15)
        func vector() -> Tensor { Tensor(random.gaussians(outputs)) }
        let normalisation = NormalisedConvolutionWeights.Normalisation(
            gain: vector(), bias: vector(), mean: vector(),
            variance: Tensor(random.gaussians(outputs).map { 0.5 + abs($0) }))
        let kernel = geometry.kernel
        let there = try NormalisedConvolutionWeights(
            Tensor(
                random.gaussians(outputs * inputs * kernel * kernel),
                shape: [outputs, inputs, kernel, kernel]),
            normalisation, input: [1, inputs, geometry.height, geometry.width], stride: geometry.stride,
            finish: .none)
        let back = try NormalisedConvolutionGradientWeights(of: there, batch: 2)
        let outputGradient = try Tensor(random.gaussians(back.output.count), shape: back.output)
        let layer = try NormalisedConvolutionGradient(
            back, output: FeatureMap(outputGradient, layout: .blockedForProcessor))
        try layer()
        let layout: FeatureMapLayout = inputs == 3 ? .planes : .blockedForProcessor
        let x = try FeatureMap(there.input, layout: layout)
        let convolution = try NormalisedConvolution(there, input: x)
        let (input, gradient) = (random.gaussians(there.input.count), layer.input.tensor().values)
        for row in 0..<2 {
            let (from, to) = (row * there.output.count, row * there.input.count)
            let error = try CentralDifferences.error(
                at: input, outputGradient: Array(outputGradient.values[from..<from + there.output.count]),
                gradient: Array(gradient[to..<to + there.input.count]), step: 1
            ) {
                try x.write(Tensor($0, shape: there.input))
                try convolution()
                return convolution.output.tensor().values
            }
            #expect(error < Self.tolerance)
        }
    }

    @Test(arguments: [[2, 5, 4, 6], [1, 18, 7, 5], [3, 3, 2, 3]])
    func anAveragePoolsGradientIsItsDifferences(extents: [Int]) throws {
        Threads.limit(to: 1)
        let shape = try Shape(extents)
        let pooled: Shape = [extents[0], extents[1], extents[2] / 2, extents[3] / 2]
        var random = NumPyRandomState(seed: 16)
        let (input, outputGradient) = (random.gaussians(shape.count), random.gaussians(pooled.count))
        let layer = try AveragePoolGradient(
            output: FeatureMap(Tensor(outputGradient, shape: pooled), layout: .blockedForProcessor),
            height: extents[2], width: extents[3])
        layer()
        let x = try FeatureMap(shape, layout: .blockedForProcessor)
        let pool = try AveragePool(x)
        let error = try CentralDifferences.error(
            at: input, outputGradient: outputGradient, gradient: layer.input.tensor().values, step: 1
        ) {
            try x.write(Tensor($0, shape: shape))
            try pool()
            return pool.output.tensor().values
        }
        #expect(error < Self.tolerance)
    }

    @Test func aRectifierLetsThroughWhatCameOutAboveZero() throws {
        let output = try FeatureMap(
            Tensor([1, 0, -1, 2], shape: [1, 2, 1, 2]), layout: .blockedForProcessor)
        let gradient = try FeatureMap(
            Tensor([5, 6, 7, 8, 1, 2, 3, 4], shape: [2, 2, 1, 2]), layout: .blockedForProcessor)
        gradient.clear(whereNotPositive: output)
        #expect(gradient.tensor().values == [5, 0, 0, 8, 1, 0, 0, 4])
    }

    @Test func wrongShapesAreRefused() throws {
        for shape in [[5, 20, 1, 1], [5, 20, 3], [0, 20, 3, 3]] {
            #expect(throws: NeuralLayerError.self) {
                try StyledWeights(gradientOf: Tensor(zeros: Shape(shape)), isUp: false)
            }
        }
        let weights = try StyledWeights(gradientOf: Tensor(zeros: [20, 5, 3, 3]), isUp: true)
        let scales = ChannelVectors(rows: 1, channels: 20)
        let gradient = try StyledConvolutionGradient(weights, batch: 1, height: 6, width: 7)
        for shapes in [([1, 20, 6, 7], [1, 5, 6, 7]), ([1, 20, 12, 14], [1, 5, 12, 14])] {
            #expect(throws: NeuralLayerError.self) {
                try gradient(
                    FeatureMap(Shape(shapes.0), layout: .blocked(16)), scales: scales,
                    into: FeatureMap(Shape(shapes.1), layout: .blocked(16)))
            }
        }
        #expect(throws: NeuralLayerError.self) {
            try StyledConvolutionGradient(weights, batch: 0, height: 6, width: 7)
        }
        let rounded = try StyledWeights(Tensor(zeros: [5, 20, 3, 3]), isUp: true, precision: .bfloat16)
        #expect(throws: NeuralLayerError.self) {
            try StyledConvolutionGradient(rounded, batch: 1, height: 6, width: 7)
        }
        #expect(throws: NeuralLayerError.self) {
            try UpsamplePictureGradient([1, 3, 2, 2])(
                FeatureMap([1, 3, 4, 5], layout: .planes), into: FeatureMap([1, 3, 2, 2], layout: .planes))
        }
    }
}
