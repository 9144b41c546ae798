import NeuralLayers
import Tensors

/// The sizes of a network's maps: what memory it takes, known before it is made.
struct SynthesisSizes {
    /// How many samples go through each block together.
    let samples: [Int]
    /// The largest doubled map, and the largest input and output of a layer for one sample, channels padded to 16.
    private(set) var doubled: Shape = [1, 16, 1, 1]
    private(set) var kept: (input: Shape, output: Shape) = ([1, 16, 1, 1], [1, 16, 1, 1])
    /// Of the layer with the largest strips.
    private(set) var strips = (transformed: 0, multiplied: 0)
    /// All maps and strips.
    private(set) var bytes = 0

    init(_ generator: Generator, batch: Int, resolution: Int) {
        let configuration = generator.configuration
        let blocks = configuration.blocks.filter { $0.resolution <= resolution }
        var samples: [Int] = []
        for block in blocks {
            // A divisor of how many there are: with more tiles than the widest layers' strips have (C/2, 32 at
            // least) nothing would be gained.
            let before = samples.last ?? batch
            let tiles = max(1, block.resolution * configuration.width(at: block.resolution) / 16)
            let wanted = max(1, max(32, block.channels / 2) / tiles)
            samples.append((1...before).last { before.isMultiple(of: $0) && $0 <= wanted } ?? 1)
        }
        self.samples = samples
        for layer in generator.synthesis.layers where layer.resolution <= resolution {
            guard let place = blocks.firstIndex(where: { $0.resolution == layer.resolution }) else {
                continue
            }
            let scale = layer.isUp ? 2 : 1
            let (height, width) = (layer.resolution / scale, layer.width / scale)
            let (inputs, outputs) = (
                (layer.inputChannels + 15) / 16 * 16, (layer.outputChannels + 15) / 16 * 16
            )
            let input: Shape = [1, inputs, height, width]
            let output: Shape = [samples[place], outputs, layer.resolution, layer.width]
            if input.count > kept.input.count { kept.input = input }
            if output.count / samples[place] > kept.output.count {
                kept.output = [1, outputs, layer.resolution, layer.width]
            }
            if layer.isUp {
                if output.count > doubled.count { doubled = output }
            } else {
                bytes += 4 * output.count
            }
            for batch in [samples[place], 1] {
                let layout = StripLayout(
                    inputs: layer.inputChannels, outputs: layer.outputChannels, isUp: layer.isUp,
                    batch: batch,
                    height: height, width: width)
                strips.transformed = max(strips.transformed, layout.bytes.transformed)
                strips.multiplied = max(strips.multiplied, layout.bytes.multiplied)
            }
        }
        bytes += 4 * (doubled.count + kept.input.count + kept.output.count)
        bytes += strips.transformed + strips.multiplied
    }
}
