import Tensors
import Testing

@testable import NeuralLayers

@Suite struct StyledBlockTests {
    init() { Threads.limit(to: 1) }

    /// A layer's weights, and what it takes beside its map, of two samples.
    private struct Layer {
        let convolution: StyledConvolution
        let styles, demodulation: ChannelVectors
        let finish: StyledFinish

        init(
            _ inputs: Int, _ outputs: Int, isUp: Bool, height: Int, width: Int,
            _ random: inout NumPyRandomState
        ) throws {
            let weights = try Tensor(
                random.gaussians(outputs * inputs * 9).map { $0 / 16 }, shape: [outputs, inputs, 3, 3])
            convolution = try StyledConvolution(
                StyledWeights(weights, isUp: isUp), batch: 1, height: height, width: width)
            styles = Self.vectors(inputs, &random)
            demodulation = Self.vectors(outputs, &random)
            let pixels = convolution.outputShape[2] * convolution.outputShape[3]
            finish = StyledFinish(bias: random.gaussians(outputs), noise: random.gaussians(pixels))
        }

        static func vectors(_ channels: Int, rows: Int = 2, _ random: inout NumPyRandomState)
            -> ChannelVectors
        {
            let vectors = ChannelVectors(rows: rows, channels: channels)
            for row in 0..<rows {
                let numbers = random.gaussians(channels)
                vectors.withRow(row) { _ = $0.update(fromContentsOf: numbers) }
            }
            return vectors
        }

        var arguments: StyledArguments { StyledArguments(styles, demodulation, row: 1, finish: finish) }
    }

    /// Sizes of one strip and of many, and no whole number of tiles.
    @Test(arguments: [
        (20, 24, 17, 4, 4), (3, 5, 40, 7, 5), (16, 16, 16, 33, 61), (33, 16, 16, 50, 130),
        (70, 100, 40, 12, 100),
    ])
    func aBlockGivesTheBitsOfItsLayersOneAfterTheOther(
        inputs: Int, between: Int, outputs: Int, height: Int, width: Int
    ) throws {
        var random = NumPyRandomState(seed: 9)
        let first = try Layer(inputs, between, isUp: true, height: height, width: width, &random)
        let second = try Layer(
            between, outputs, isUp: false, height: 2 * height, width: 2 * width, &random)
        let colours = Layer.vectors(outputs, rows: 6, &random)
        let input = try FeatureMap([2, inputs, height, width], layout: .blocked(16))
        try input.write(Tensor(random.gaussians(input.shape.count), shape: input.shape))
        let picture = PictureLayer(bias: [1, -1, 0.5])
        let shape: Shape = [1, 3, 2 * height, 2 * width]
        let before = try Tensor(random.gaussians(shape.count), shape: shape)

        let maps = try [first, second].map {
            try FeatureMap($0.convolution.outputShape, layout: .blocked(16))
        }
        for (layer, (source, target)) in zip([first, second], [(input, maps[0]), (maps[0], maps[1])]) {
            try layer.convolution(
                source, from: source.batch - 1, styles: layer.styles, demodulation: layer.demodulation,
                row: 1, finish: layer.finish, into: target)
        }
        let expected = try FeatureMap(before, layout: .planes)
        picture.add(maps[1], weights: colours, row: 1, to: expected)

        for isAsked in [true, false] {
            let memory = try maps.map { try FeatureMap($0.shape, layout: .blocked(16)) }
            let block = try StyledBlock(
                first.convolution, second.convolution, picture: picture,
                memory: (between: memory[0], shown: memory[1]))
            let found = try FeatureMap(before, layout: .planes)
            let output = isAsked ? try FeatureMap(maps[1].shape, layout: .blocked(16)) : nil
            try block(
                input, from: 1, (first.arguments, second.arguments), colours: colours, row: 1, to: found,
                into: output)
            #expect(found.tensor() == expected.tensor())
            if let output { #expect(output.tensor() == maps[1].tensor()) }
        }
    }

    @Test func layersThatDoNotFollowOneAnotherAreRefused() throws {
        var random = NumPyRandomState(seed: 9)
        let up = try Layer(4, 5, isUp: true, height: 4, width: 4, &random).convolution
        let memory = try FeatureMap([1, 16, 8, 8], layout: .blocked(16))
        for (channels, side) in [(6, 8), (5, 4)] {
            let other = try Layer(channels, 3, isUp: false, height: side, width: side, &random).convolution
            #expect(throws: NeuralLayerError.self) {
                try StyledBlock(up, other, picture: PictureLayer(bias: .zero), memory: (memory, memory))
            }
        }
    }
}
