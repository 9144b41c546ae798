import Tensors
import Testing

@testable import NeuralLayers

@Suite struct ConvolutionTests {
    /// Winograd's F(4×4, 3×3) in float32 loses about a digit beside the direct sum (its transform matrices hold
    /// numbers up to 8): 2⁻²⁴ × 100 at outputs near 1.
    static let tolerance: Float = 1e-5

    @Test func referencesArePresent() {
        #expect(ConvolutionReference.all(.same).count == 7)
        #expect(ConvolutionReference.all(.up).count == 5)
        #expect(ConvolutionReference.all(.picture).count == 3)
    }

    @Test(arguments: ConvolutionReference.all(.same))
    func agreesWithPyTorch(reference: ConvolutionReference) throws {
        Threads.limit(to: 1)
        let (input, weights) = try reference.arguments()
        let convolution = try Convolution(reference.shape, weights: weights)
        let output = try FeatureMap([reference.batch, reference.outputs, reference.height, reference.width])
        try convolution(FeatureMap(input), into: output)
        #expect(reference.distance(of: output.tensor()) < Self.tolerance)
    }

    @Test func paddedChannelsOfTheOutputAreZero() throws {
        Threads.limit(to: 1)
        let shape = ConvolutionShape(batch: 2, inputChannels: 20, outputChannels: 21, height: 9, width: 8)
        var random = NumPyRandomState(seed: 5)
        let output = try FeatureMap([2, 21, 9, 8])
        output.elements.update(repeating: 1)
        let convolution = try Convolution(
            shape, weights: Tensor(random.gaussians(21 * 20 * 9), shape: [21, 20, 3, 3]))
        try convolution(
            FeatureMap(Tensor(random.gaussians(2 * 20 * 72), shape: [2, 20, 9, 8])), into: output)
        #expect(output.elements.count > output.shape.count)
        let real = output.channels - (output.blockCount - 1) * output.blockSize
        let planeLength = 72 * output.blockSize
        for sample in 0..<2 {
            let last = ((sample + 1) * output.blockCount - 1) * planeLength
            for i in 0..<planeLength where i % output.blockSize >= real {
                #expect(output.elements[last + i] == 0)
            }
        }
    }

    /// The number of workers must not show in a database: the same weights, shared, give the same bits.
    @Test func sharedWeightsGiveTheSameBitsOnEveryThread() async throws {
        let shape = ConvolutionShape(batch: 2, inputChannels: 48, outputChannels: 40, height: 17, width: 12)
        var random = NumPyRandomState(seed: 9)
        let input = try Tensor(random.gaussians(2 * 48 * 17 * 12), shape: [2, 48, 17, 12])
        let values = try Tensor(random.gaussians(40 * 48 * 9), shape: [40, 48, 3, 3])
        Threads.limit(to: 1)
        let packed = try PackedWeights(values, for: shape)
        let results = try await withThrowingTaskGroup(of: Tensor.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    Threads.limit(to: 1)
                    let convolution = try Convolution(shape, weights: packed)
                    let output = try FeatureMap([2, 40, 17, 12])
                    try convolution(FeatureMap(input), into: output)
                    return output.tensor()
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test func oneConvolutionServesManyMaps() throws {
        Threads.limit(to: 1)
        let shape = ConvolutionShape(batch: 1, inputChannels: 5, outputChannels: 20, height: 6, width: 7)
        var random = NumPyRandomState(seed: 2)
        let convolution = try Convolution(
            shape, weights: Tensor(random.gaussians(20 * 5 * 9), shape: [20, 5, 3, 3]))
        let first = try FeatureMap(Tensor(random.gaussians(5 * 42), shape: [1, 5, 6, 7]))
        let second = try FeatureMap(Tensor(first.tensor().values.map { 2 * $0 }, shape: [1, 5, 6, 7]))
        let once = try FeatureMap([1, 20, 6, 7])
        let twice = try FeatureMap([1, 20, 6, 7])
        try convolution(first, into: once)
        try convolution(second, into: twice)
        // Doubling is exact in binary floating point, so linearity holds to the bit.
        #expect(twice.tensor().values == once.tensor().values.map { 2 * $0 })
    }

    @Test func wrongShapesAreRefused() throws {
        let shape = ConvolutionShape(batch: 1, inputChannels: 5, outputChannels: 20, height: 6, width: 7)
        #expect(
            throws: NeuralLayerError.mismatch(
                what: "a convolution's weights", found: [5, 20, 3, 3], expected: [20, 5, 3, 3])
        ) { try Convolution(shape, weights: Tensor(zeros: [5, 20, 3, 3])) }
        let convolution = try Convolution(shape, weights: Tensor(zeros: [20, 5, 3, 3]))
        let output = try FeatureMap([1, 20, 6, 7])
        #expect(throws: NeuralLayerError.self) { try convolution(FeatureMap([1, 5, 7, 6]), into: output) }
        #expect(throws: NeuralLayerError.self) {
            try convolution(FeatureMap([1, 5, 6, 7], layout: .planes), into: output)
        }
        for extents in [(0, 6, 3), (5, -1, 3), (5, Int.max / 2, 3), (5, 6, 2)] {
            #expect(throws: NeuralLayerError.self) {
                try Convolution(
                    ConvolutionShape(
                        batch: 1, inputChannels: extents.0, outputChannels: 20, height: extents.1, width: 7,
                        kernel: extents.2),
                    weights: Tensor(zeros: [20, 5, 3, 3]))
            }
        }
    }
}
