import Tensors
import Testing

@testable import NeuralLayers

@Suite struct StyledConvolutionTests {
    init() { Threads.limit(to: 1) }

    private func blocked(_ tensor: Tensor) throws -> FeatureMap {
        let map = try FeatureMap(tensor.shape, layout: .blocked(16))
        try map.write(tensor)
        return map
    }

    private func vectors(_ rows: Int, _ channels: Int, _ value: (Int, Int) -> Float) -> ChannelVectors {
        let vectors = ChannelVectors(rows: rows, channels: channels)
        for row in 0..<rows { vectors.withRow(row) { for i in $0.indices { $0[i] = value(row, i) } } }
        return vectors
    }

    /// The sums of a layer whose styles are all 1.
    private func sums(_ input: Tensor, _ weights: Tensor, isUp: Bool) throws -> Tensor {
        let (batch, inputs, outputs) = (input.shape[0], input.shape[1], weights.shape[0])
        let layer = try StyledConvolution(
            StyledWeights(weights, isUp: isUp), batch: batch, height: input.shape[2], width: input.shape[3])
        let output = try FeatureMap(layer.outputShape, layout: .blocked(16))
        try layer(
            blocked(input), styles: vectors(batch, inputs) { _, _ in 1 },
            demodulation: vectors(batch, outputs) { _, _ in .nan }, finish: nil, into: output)
        return output.tensor()
    }

    @Test(
        arguments: ConvolutionReference.all(.same).filter { $0.kernel == 3 } + ConvolutionReference.all(.up))
    func sumsAgreeWithPyTorch(reference: ConvolutionReference) throws {
        let (input, weights) = try reference.arguments()
        let output = try sums(input, weights, isUp: reference.kind == .up)
        // Sums of at most 9 × 130 products near 1/16 in float32, and Winograd's sums of them.
        #expect(reference.distance(of: output) < 1e-5)
    }

    /// Sizes that are no whole number of tiles, blocks or strips, several strips a sample and several samples a strip; the last
    /// has so many inputs that products take them in parts.
    @Test(
        arguments: [
            (3, 20, 24, 7, 5), (1, 17, 3, 4, 4), (5, 70, 40, 4, 2), (2, 16, 16, 33, 61), (1, 5, 100, 1, 1),
            (1, 33, 16, 2, 130), (1, 150, 40, 33, 61),
        ], [false, true])
    func oddSizesAgreeWithTheOtherKernels(
        size: (batch: Int, inputs: Int, outputs: Int, height: Int, width: Int), isUp: Bool
    ) throws {
        var random = NumPyRandomState(seed: 2)
        let input: Shape = [size.batch, size.inputs, size.height, size.width]
        let x = try Tensor(random.gaussians(input.count), shape: input)
        let shape: Shape = [size.outputs, size.inputs, 3, 3]
        // So that sums are about 1.
        let scale = 1 / (9 * Float(size.inputs)).squareRoot()
        let weights = try Tensor(random.gaussians(shape.count).map { $0 * scale }, shape: shape)
        let found = try sums(x, weights, isUp: isUp)
        let convolution = ConvolutionShape(
            batch: size.batch, inputChannels: size.inputs, outputChannels: size.outputs, height: size.height,
            width: size.width)
        let expected = try FeatureMap(found.shape, layout: isUp ? .blockedForProcessor : nil)
        if isUp {
            try UpConvolution(convolution, weights: weights)(FeatureMap(x), into: expected)
        } else {
            try Convolution(convolution, weights: weights)(FeatureMap(x), into: expected)
        }
        #expect(zip(found.values, expected.tensor().values).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test(arguments: [false, true], [nil, 0.5])
    func stylesAndFinishAreTheFormulas(isUp: Bool, limit: Float?) throws {
        var random = NumPyRandomState(seed: 3)
        let (batch, inputs, outputs, height, width) = (3, 18, 20, 6, 9)
        let x = try Tensor(
            random.gaussians(batch * inputs * height * width), shape: [batch, inputs, height, width])
        let weights = try Tensor(
            random.gaussians(outputs * inputs * 9).map { $0 / 16 }, shape: [outputs, inputs, 3, 3])
        let (s, d) = (random.gaussians((batch + 2) * inputs), random.gaussians((batch + 2) * outputs))
        let bias = random.gaussians(outputs)
        var styled = x
        for i in 0..<styled.count {
            let (sample, channel) = (i / (inputs * height * width), i / (height * width) % inputs)
            styled[i] *= s[(sample + 2) * inputs + channel]
        }
        let plain = try sums(styled, weights, isUp: isUp)
        let pixels = plain.shape[2] * plain.shape[3]
        let noise = random.gaussians(pixels)

        let layer = try StyledConvolution(
            StyledWeights(weights, isUp: isUp), batch: batch, height: height, width: width)
        let output = try FeatureMap(layer.outputShape, layout: .blocked(16))
        // One sample and two rows that are not this call's stand before its own.
        let more = try FeatureMap([batch + 1, inputs, height, width], layout: .blocked(16))
        try FeatureMap(samples: 1..<batch + 1, of: more).write(x)
        try layer(
            more, from: 1, styles: vectors(batch + 2, inputs) { s[$0 * inputs + $1] },
            demodulation: vectors(batch + 2, outputs) { d[$0 * outputs + $1] }, row: 2,
            finish: StyledFinish(bias: bias, noise: noise, limit: limit), into: output)
        let found = output.tensor()
        for i in 0..<found.count {
            let (sample, channel, pixel) = (i / (outputs * pixels), i / pixels % outputs, i % pixels)
            let value = d[(sample + 2) * outputs + channel] * plain[i] + noise[pixel] + bias[channel]
            let free = (value > 0 ? value : 0.2 * value) * Float(2).squareRoot()
            let expected = limit.map { min(max(free, -$0), $0) } ?? free
            #expect(abs(found[i] - expected) < 1e-5)
        }
    }

    @Test(arguments: [false, true], [nil, 0.5])
    func changingOneChannelIsRunningTheLayerWithItsStyle(isUp: Bool, limit: Float?) throws {
        var random = NumPyRandomState(seed: 4)
        let (inputs, outputs, height, width) = (35, 20, 6, 9)
        let x = try Tensor(random.gaussians(inputs * height * width), shape: [1, inputs, height, width])
        let weights = try Tensor(
            random.gaussians(outputs * inputs * 9).map { $0 / 16 }, shape: [outputs, inputs, 3, 3])
        let styles = random.gaussians(inputs)
        let layer = try StyledConvolution(
            StyledWeights(weights, isUp: isUp), batch: 1, height: height, width: width)
        let base = try FeatureMap(layer.outputShape, layout: .blocked(16))
        let demodulation = vectors(2, outputs) { row, channel in Float(channel + row) / 10 }
        let kept = try blocked(x)
        try layer(
            kept, styles: vectors(1, inputs) { styles[$1] }, demodulation: demodulation, finish: nil,
            into: base)
        let finish = StyledFinish(
            bias: random.gaussians(outputs), noise: random.gaussians(base.height * base.width), limit: limit)
        let step = StyledChannelStep(weights, isUp: isUp, height: height, width: width)
        let expected = try FeatureMap(layer.outputShape, layout: .blocked(16))
        let found = try FeatureMap([2, outputs, base.height, base.width], layout: .blocked(16))
        for (channel, value) in [(0, Float(2)), (17, -1.5), (34, 0)] {
            try layer(
                kept, styles: vectors(1, inputs) { $1 == channel ? value : styles[$1] },
                demodulation: demodulation,
                row: 0, finish: finish, into: expected)
            step.choose(channel: channel, of: kept)
            // Row 0 is sample 0's demodulation in `expected`; the step writes sample 1 of two.
            step(
                base, change: value - styles[channel], demodulation: demodulation, row: 0, finish: finish,
                into: found,
                sample: 1)
            let part = try FeatureMap(samples: 1..<2, of: found).tensor()
            #expect(zip(part.values, expected.tensor().values).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test(arguments: [nil, 2]) func aPictureIsTheSumOfItsChannels(limit: Float?) throws {
        var random = NumPyRandomState(seed: 5)
        let map = try Tensor(random.gaussians(2 * 21 * 15), shape: [2, 21, 3, 5])
        let weights = random.gaussians(3 * 3 * 21)
        let before = try Tensor(random.gaussians(2 * 3 * 15), shape: [2, 3, 3, 5])
        let picture = try FeatureMap(before, layout: .planes)
        PictureLayer(bias: [1, 2, 3], limit: limit).add(
            try blocked(map), weights: vectors(9, 21) { weights[$0 * 21 + $1] }, row: 1, to: picture)
        let found = picture.tensor()
        for i in 0..<found.count {
            let (sample, plane, pixel) = (i / 45, i / 15 % 3, i % 15)
            let sum = (0..<21).reduce(Float(0)) {
                $0 + map[(sample * 21 + $1) * 15 + pixel] * weights[(3 * (sample + 1) + plane) * 21 + $1]
            }
            let free = sum + Float(plane + 1)
            let part = limit.map { min(max(free, -$0), $0) } ?? free
            #expect(abs(found[i] - (before[i] + part)) < 1e-5)
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        #expect(throws: NeuralLayerError.self) {
            try StyledWeights(Tensor(zeros: [4, 4, 1, 1]), isUp: false)
        }
        let weights = try StyledWeights(Tensor(zeros: [4, 5, 3, 3]), isUp: false)
        #expect(throws: NeuralLayerError.self) {
            try StyledConvolution(weights, batch: 0, height: 4, width: 4)
        }
        let layer = try StyledConvolution(weights, batch: 2, height: 4, width: 4)
        let (styles, demodulation) = (vectors(2, 5) { _, _ in 1 }, vectors(2, 4) { _, _ in 1 })
        let output = try FeatureMap(layer.outputShape, layout: .blocked(16))
        for input in [[1, 5, 4, 4], [2, 6, 4, 4], [2, 5, 4, 5]] as [Shape] {
            #expect(throws: NeuralLayerError.self) {
                try layer(
                    FeatureMap(input, layout: .blocked(16)), styles: styles, demodulation: demodulation,
                    finish: nil,
                    into: output)
            }
        }
    }
}
