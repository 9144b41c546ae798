import NeuralLayers
import Tensors

/// The layers of a synthesis network for a number of samples, run depth first: a few samples go through a block of
/// layers and at once on through the larger ones, so that their maps are still in the cache when they are read, and
/// large maps are never held for more than a few samples.
///
/// How many samples go together is a rule of the block's size alone. A sample's picture depends neither on the others
/// nor on how many there are. Belongs to one thread.
final class DepthFirstSynthesis {
    /// Layers of one resolution, with the maps of the samples that go through them together.
    private struct Block {
        let samples: Int
        let layers: [Layer]
        /// All of the layers in one pass; nil where several samples go together, whose maps the cache holds.
        let whole: StyledBlock?
        /// `[samples, 3, H, W]`
        let picture: FeatureMap
        let pictureLayer: PictureLayer
        /// From the picture of the block before, for all samples and for one; nil for the first block.
        let double, singleDouble: UpsamplePicture?
        /// The parts of the block before that go through this one in turn.
        let pictureSources: [FeatureMap]
    }

    private struct Layer {
        /// Its place in the network.
        let index: Int
        let convolution: StyledConvolution
        /// For one sample.
        let single: StyledConvolution
        let step: StyledChannelStep
        let output: FeatureMap
        /// The first sample's.
        let singleOutput: FeatureMap
    }

    /// A picture `[3, H, W]` in planes, and the place of its sample.
    typealias Sink = (_ sample: Int, _ picture: UnsafeBufferPointer<Float>) throws(GeneratorError) -> Void

    private let batch: Int
    private let kernels: SynthesisKernels
    private let blocks: [Block]
    private var styles: SynthesisStyles
    private let const: FeatureMap

    // What is kept of the picture whose channels are changed.
    private var keptLayer: Int?
    /// The layer's input without its style and its sums without a finish, in two blocks of memory.
    private let keptMemory: (FeatureMap, FeatureMap)
    private var keptInput, keptSums: FeatureMap
    /// The picture of the blocks before.
    private let keptPictures: [FeatureMap]

    /// - Parameter resolution: The height of the pictures: the blocks beyond it are left out.
    init(
        _ generator: Generator, _ kernels: SynthesisKernels, batch: Int, resolution: Int
    ) throws(GeneratorError) {
        self.batch = batch
        self.kernels = kernels
        let configuration = generator.configuration
        let layers = generator.synthesis.layers
        let sizes = SynthesisSizes(generator, batch: batch, resolution: resolution)
        let strips = StripMemory(bytes: sizes.strips)
        // A doubled map is read by the layer after it alone: all of them share memory, and so do those of larger blocks.
        let scratch = try layering { () throws(NeuralLayerError) in
            try FeatureMap(sizes.doubled, layout: .blocked(16))
        }
        var blocks: [Block] = []
        var pictures: [FeatureMap] = []
        for block in configuration.blocks where block.resolution <= resolution {
            let width = configuration.width(at: block.resolution)
            let samples = sizes.samples[blocks.count]
            let members = layers.indices.filter { layers[$0].resolution == block.resolution }
            let last = blocks.last
            let made = try layering { () throws(NeuralLayerError) in
                let picture = try FeatureMap([samples, 3, block.resolution, width], layout: .planes)
                pictures.append(try FeatureMap([1, 3, block.resolution, width], layout: .planes))
                var sources: [FeatureMap] = []
                var doubles: [UpsamplePicture] = []
                if let last {
                    for count in [samples, 1] {
                        doubles.append(
                            try UpsamplePicture([count, 3, last.picture.height, last.picture.width]))
                    }
                    for first in stride(from: 0, to: last.samples, by: samples) {
                        sources.append(try FeatureMap(samples: first..<first + samples, of: last.picture))
                    }
                }
                var made: [Layer] = []
                for index in members {
                    made.append(
                        try Self.layer(
                            layers[index], index, kernels.layers[index], samples: samples, memory: scratch,
                            strips))
                }
                let shown = members.compactMap { layers[$0].picture }.first
                let bias = shown?.bias ?? [0, 0, 0]
                let pictureLayer = PictureLayer(
                    bias: SIMD3(bias[0], bias[1], bias[2]), limit: shown?.limit)
                let whole =
                    samples == 1 && made.count == 2
                    ? try StyledBlock(
                        made[0].convolution, made[1].convolution, picture: pictureLayer,
                        memory: (between: scratch, shown: made[1].output)) : nil
                return Block(
                    samples: samples, layers: made, whole: whole, picture: picture,
                    pictureLayer: pictureLayer,
                    double: doubles.first, singleDouble: doubles.last, pictureSources: sources)
            }
            blocks.append(made)
        }
        self.blocks = blocks
        keptPictures = pictures
        styles = SynthesisStyles(generator, samples: batch)

        let first = blocks[0].samples
        let constant = generator.synthesis.const
        let maps = try layering { () throws(NeuralLayerError) in
            let const = try FeatureMap(
                [first, constant.shape[0], constant.shape[1], constant.shape[2]], layout: .blocked(16))
            var values = Tensor(zeros: const.shape)
            for i in 0..<values.count { values[i] = constant[i % constant.count] }
            try const.write(values)
            return (
                const, try FeatureMap(sizes.kept.input, layout: .blocked(16)),
                try FeatureMap(sizes.kept.output, layout: .blocked(16))
            )
        }
        const = maps.0
        keptMemory = (maps.1, maps.2)
        keptInput = maps.1
        keptSums = maps.2
    }

    private static func layer(
        _ weights: SynthesisWeights.Layer, _ index: Int, _ packed: StyledWeights, samples: Int,
        memory: FeatureMap, _ strips: StripMemory
    ) throws(NeuralLayerError) -> Layer {
        let scale = weights.isUp ? 2 : 1
        let (height, width) = (weights.resolution / scale, weights.width / scale)
        let convolution = try StyledConvolution(
            packed, batch: samples, height: height, width: width, memory: strips)
        let output =
            weights.isUp
            ? try FeatureMap(convolution.outputShape, layout: .blocked(16), inMemoryOf: memory)
            : try FeatureMap(convolution.outputShape, layout: .blocked(16))
        return Layer(
            index: index, convolution: convolution,
            single: samples == 1
                ? convolution
                : try StyledConvolution(packed, batch: 1, height: height, width: width, memory: strips),
            step: StyledChannelStep(weights.weight, isUp: weights.isUp, height: height, width: width),
            output: output,
            singleOutput: samples == 1 ? output : try FeatureMap(samples: 0..<1, of: output))
    }

    /// The layers' kernels in order.
    var convolutions: [StyledConvolution] { blocks.flatMap { $0.layers.map(\.convolution) } }

    // MARK: Running

    /// The pictures of style codes `[n, C_total]`, n ≤ batch.
    func run(_ codes: UnsafeBufferPointer<Float>, count: Int, sink: Sink) throws(GeneratorError) {
        keptLayer = nil
        let width = codes.count / count
        for sample in 0..<batch {
            // A batch that is not full repeats its last sample.
            let first = min(sample, count - 1) * width
            styles.set(sample, to: UnsafeBufferPointer(rebasing: codes[first..<first + width]))
        }
        let block = blocks[0]
        for first in stride(from: 0, to: count, by: block.samples) {
            block.picture.elements.update(repeating: 0)
            try run(block.layers[0], const, from: 0, first)
            try finish(0, after: 0, first, count: count, sink)
        }
    }

    /// Keeps what the changes of a layer's channels need: its input and its sums for the style code `[C_total]`.
    func keep(_ code: UnsafeBufferPointer<Float>, layer index: Int) throws(GeneratorError) {
        styles.set(0, to: code)
        styles.repeatFirst()
        var input = blocks[0].layers[0].singleOutput
        for (place, block) in blocks.enumerated() {
            let picture = keptPictures[place]
            if place == 0 {
                picture.elements.update(repeating: 0)
            } else {
                try layering { () throws(NeuralLayerError) in
                    try block.singleDouble?(keptPictures[place - 1], into: picture)
                }
            }
            for layer in block.layers {
                if layer.index == index { return try keep(layer, input) }
                try layering { () throws(NeuralLayerError) in
                    try layer.single(
                        layer.index == 0 ? const : input, styles: styles.styles[layer.index],
                        demodulation: styles.demodulations[layer.index],
                        finish: kernels.finishes[layer.index],
                        into: layer.singleOutput)
                }
                input = layer.singleOutput
                if let colour = styles.colours[layer.index] {
                    block.pictureLayer.add(input, weights: colour, to: picture)
                }
            }
        }
    }

    private func keep(_ layer: Layer, _ input: FeatureMap) throws(GeneratorError) {
        let source = layer.index == 0 ? const : input
        try layering { () throws(NeuralLayerError) in
            keptInput = try FeatureMap(
                layer.single.inputShape, layout: .blocked(16), inMemoryOf: keptMemory.0)
            keptSums = try FeatureMap(
                layer.single.outputShape, layout: .blocked(16), inMemoryOf: keptMemory.1)
            let count = keptInput.elements.count
            _ = keptInput.elements.update(fromContentsOf: source.elements.prefix(count))
            try layer.single(
                source, styles: styles.styles[layer.index], demodulation: styles.demodulations[layer.index],
                finish: nil, into: keptSums)
        }
        keptLayer = layer.index
    }

    /// The kept picture with one channel of the kept layer changed, for each change.
    func run(_ changes: [StyleChange], keptStyle: (Int) -> Float, sink: Sink) throws(GeneratorError) {
        guard let keptLayer,
            let place = blocks.firstIndex(where: { $0.layers.contains { $0.index == keptLayer } }),
            let position = blocks[place].layers.firstIndex(where: { $0.index == keptLayer })
        else { return }
        let block = blocks[place]
        let layer = block.layers[position]
        for first in stride(from: 0, to: changes.count, by: block.samples) {
            var chosen: Int?
            for sample in 0..<block.samples {
                let change = changes[min(first + sample, changes.count - 1)]
                styles.demodulate(keptLayer, first + sample, channel: change.channel, value: change.value)
                // The two sides of a pair stand side by side and share what the channel adds.
                if chosen != change.channel { layer.step.choose(channel: change.channel, of: keptInput) }
                chosen = change.channel
                layer.step(
                    keptSums, change: change.value - keptStyle(change.channel),
                    demodulation: styles.demodulations[keptLayer], row: first + sample,
                    finish: kernels.finishes[keptLayer], into: layer.output, sample: sample)
                let picture = keptPictures[place].elements
                _ = block.picture.elements[(sample * picture.count)...].update(fromContentsOf: picture)
            }
            try finish(place, after: position, first, count: changes.count, sink)
        }
    }

    // MARK: Blocks

    /// One layer for the samples from `row` on, which its input has from `sample` on.
    private func run(
        _ layer: Layer, _ input: FeatureMap, from sample: Int, _ row: Int
    ) throws(GeneratorError) {
        let index = layer.index
        try layering { () throws(NeuralLayerError) in
            try layer.convolution(
                input, from: sample, styles: styles.styles[index], demodulation: styles.demodulations[index],
                row: row, finish: kernels.finishes[index], into: layer.output)
        }
    }

    /// The rest of a block after one of its layers' convolutions, then the larger blocks, for the samples from `first`
    /// on, of which those before `count` are wanted.
    private func finish(
        _ place: Int, after position: Int, _ first: Int, count: Int, _ sink: Sink
    ) throws(GeneratorError) {
        let block = blocks[place]
        var input = block.layers[position].output
        for layer in block.layers[(position + 1)...] {
            try run(layer, input, from: 0, first)
            input = layer.output
        }
        if let index = block.layers.last?.index, let colour = styles.colours[index] {
            block.pictureLayer.add(input, weights: colour, row: first, to: block.picture)
        }
        try goOn(from: place, input, first, count: count, sink)
    }

    /// The blocks behind one that is done, or the sink where there are none.
    private func goOn(
        from place: Int, _ output: FeatureMap, _ first: Int, count: Int, _ sink: Sink
    ) throws(GeneratorError) {
        let block = blocks[place]
        guard place + 1 < blocks.count else {
            let picture = block.picture.elements
            let size = picture.count / block.samples
            for sample in 0..<min(block.samples, count - first) {
                try sink(
                    first + sample,
                    UnsafeBufferPointer(rebasing: picture[sample * size..<(sample + 1) * size]))
            }
            return
        }
        let next = blocks[place + 1]
        for part in 0..<block.samples / next.samples {
            let start = first + part * next.samples
            guard start < count else { return }
            try layering { () throws(NeuralLayerError) in
                try next.double?(next.pictureSources[part], into: next.picture)
            }
            if let whole = next.whole, let colour = styles.colours[next.layers[1].index] {
                let result = next.layers[1].output
                // Of the last map only the picture is wanted.
                let isAsked = place + 2 < blocks.count
                try layering { () throws(NeuralLayerError) in
                    try whole(
                        output, from: part,
                        (arguments(next.layers[0], start), arguments(next.layers[1], start)),
                        colours: colour, row: start, to: next.picture, into: isAsked ? result : nil)
                }
                try goOn(from: place + 1, result, start, count: count, sink)
            } else {
                try run(next.layers[0], output, from: part * next.samples, start)
                try finish(place + 1, after: 0, start, count: count, sink)
            }
        }
    }

    private func arguments(_ layer: Layer, _ row: Int) -> StyledArguments {
        StyledArguments(
            styles.styles[layer.index], styles.demodulations[layer.index], row: row,
            finish: kernels.finishes[layer.index])
    }
}
