import NeuralLayers
import StyleGAN
import Tensors

/// What each layer reaches on one thread, beside oneDNN's own kernels for the same work in the same run.
struct LayerMeasurement {
    let name: String
    /// Milliseconds a sample of the whole layer, and of its matrix products alone.
    let whole, products: Double
    /// GFLOP/s of the direct algorithm's work, of the whole layer and of a bare oneDNN convolution.
    let reached, bare: Double
    /// GFLOP/s of the matrix products.
    let productRate: Double

    static func all(_ generator: Generator, kernels: SynthesisKernels) throws -> [LayerMeasurement] {
        Threads.limit(to: 1)
        let synthesis = try Synthesis(generator, kernels: kernels, batch: 32)
        return try zip(synthesis.sweptLayers, synthesis.convolutions).map { layer, convolution in
            let (inputShape, outputShape) = (convolution.inputShape, convolution.outputShape)
            let (samples, outputs) = (inputShape[0], outputShape[1])
            let input = try FeatureMap(inputShape, layout: .blocked(16))
            fill(input)
            let output = try FeatureMap(outputShape, layout: .blocked(16))
            let styles = ones(samples, inputShape[1])
            let demodulation = ones(samples, outputs)
            let finish = StyledFinish(
                bias: [Float](repeating: 0.1, count: outputs),
                noise: [Float](repeating: 0.1, count: outputShape[2] * outputShape[3]))
            let whole = try seconds {
                try convolution(
                    input, styles: styles, demodulation: demodulation, finish: finish, into: output)
            }
            let products = seconds { convolution.runProducts() }
            let shape = ConvolutionShape(
                batch: samples, inputChannels: inputShape[1], outputChannels: outputs, height: inputShape[2],
                width: inputShape[3])
            let weights = Tensor(zeros: try Shape([outputs, inputShape[1], 3, 3]))
            let isUp = outputShape[2] != inputShape[2]
            let bareInput = try FeatureMap(inputShape, layout: .preferred(channels: inputShape[1]))
            let bareOutput = try FeatureMap(
                outputShape, layout: isUp ? .blockedForProcessor : .preferred(channels: outputs))
            let bare: Double
            if isUp {
                let layer = try UpConvolution(shape, weights: weights)
                bare = try seconds { try layer(bareInput, into: bareOutput) }
            } else {
                let layer = try Convolution(shape, weights: weights)
                bare = try seconds { try layer(bareInput, into: bareOutput) }
            }
            let work = convolution.directOperations / 1e9
            return LayerMeasurement(
                name: layer.name, whole: 1000 * whole / Double(samples),
                products: 1000 * products / Double(samples),
                reached: work / whole, bare: work / bare,
                productRate: convolution.productOperations / 1e9 / products)
        }
    }

    /// GFLOP/s of one matrix product whose factors stay in the cache: what the processor's multipliers can do.
    static func peak() throws -> Double {
        Threads.limit(to: 1)
        let (rows, inputs, outputs) = (256, 256, 512)
        let layer = try Linear(LinearWeights(Tensor(zeros: [outputs, inputs]), rows: rows))
        let x = try Activations(rows: rows, width: inputs)
        let y = try Activations(rows: rows, width: outputs)
        let time = try seconds { try layer(x, into: y) }
        return 2 * Double(rows * inputs * outputs) / time / 1e9
    }

    /// GB/s of a copy of memory much larger than the caches, reading and writing counted.
    static func copyRate() throws -> Double {
        let source = try FeatureMap([1, 64, 1024, 1024], layout: .planes)
        let target = try FeatureMap([1, 64, 1024, 1024], layout: .planes)
        fill(source)
        let time = seconds { _ = target.elements.update(fromContentsOf: source.elements) }
        return 2 * 4 * Double(source.elements.count) / time / 1e9
    }

    private static func fill(_ map: FeatureMap) {
        for i in map.elements.indices { map.elements[i] = Float(i % 17) / 17 }
    }

    private static func ones(_ rows: Int, _ channels: Int) -> ChannelVectors {
        let vectors = ChannelVectors(rows: rows, channels: channels)
        for row in 0..<rows { vectors.withRow(row) { $0.update(repeating: 1) } }
        return vectors
    }

    /// The least of several calls, after one that is not counted; about a tenth of a second of them, three at least.
    static func seconds<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
        try body()
        var least = Double.infinity
        var (total, calls) = (0.0, 0)
        while total < 0.1 || calls < 3 {
            let began = ContinuousClock.now
            try body()
            let time = began.duration(to: .now) / .seconds(1)
            least = min(least, time)
            total += time
            calls += 1
        }
        return least
    }
}
