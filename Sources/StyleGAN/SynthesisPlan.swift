import NeuralLayers
import Tensors

/// The layers of a synthesis network for one batch size, with the memory that they share.
///
/// Two blocks of memory hold all maps: each layer reads one and writes the other. Belongs to one thread.
final class SynthesisPlan {
    private enum Convolve {
        case same(Convolution)
        case up(UpConvolution)
    }

    private struct Layer {
        let weights: SynthesisWeights.Layer
        let convolve: Convolve
        let input: FeatureMap
        let output: FeatureMap
        /// Where this layer's styles stand in the style code.
        let range: Range<Int>
        let pictureRange: Range<Int>?
        let nextRange: Range<Int>?
        let blocks: Int
    }

    /// A picture in the making, one a resolution: `[N, 3, H, W]`, and the doubling that begins the next.
    private struct Stage {
        let picture: FeatureMap
        let double: UpsamplePicture?
        /// 1 where toRGB lies within its limit, else 0: only where activations are kept and there is a limit.
        let free: FeatureMap?
    }

    /// `[N, C_total]`, written by the caller before a run.
    var styles: [Float]

    private let batch: Int
    private let styleCount: Int
    private let layers: [Layer]
    private let stages: [Stage]
    private let const: FeatureMap
    /// What each layer takes before its style: batch 1, only where activations are kept; then, where asked for, what
    /// the last layer gives.
    let kept: [FeatureMap]
    private let wide: Bool
    private let finish16: [LayerFinish<SIMD16<Float>>]
    private let finish8: [LayerFinish<SIMD8<Float>>]
    /// Scratch for one sample: squared styles, demodulation, next style, toRGB weights, picture sums.
    private let scratch: FeatureMap
    private let section: Int

    /// - Parameters:
    ///   - keepsActivations: Whether `kept` is filled by a run of the whole network; the batch is then 1.
    ///   - keepsOutput: Whether what the last layer gives is kept as well.
    ///   - memory: Maps of at least `largestMap` to work in, while nobody else uses them; nil for its own.
    ///   - scratchpad: Shared with the thread's other layers.
    init(
        _ generator: Generator, batch: Int, keepsActivations: Bool, keepsOutput: Bool = false,
        memory shared: (FeatureMap, FeatureMap)? = nil, scratchpad: Scratchpad = Scratchpad()
    ) throws(GeneratorError) {
        self.batch = batch
        let weights = generator.synthesis
        let styleLayers = generator.styleSpace.layers
        styleCount = generator.styleSpace.count
        styles = [Float](repeating: 0, count: batch * generator.styleSpace.count)
        wide = FeatureMapLayout.blockedForProcessor.blockSize == 16

        let largest = try Self.largestMap(generator, batch: batch)
        let memory: (FeatureMap, FeatureMap) =
            if let shared {
                shared
            } else {
                try layering { () throws(NeuralLayerError) in
                    try (FeatureMap(largest), FeatureMap(largest))
                }
            }

        var layers: [Layer] = []
        for (index, layer) in weights.layers.enumerated() {
            let scale = layer.isUp ? 2 : 1
            let (height, width) = (layer.resolution / scale, layer.width / scale)
            let shape = ConvolutionShape(
                batch: batch, inputChannels: layer.inputChannels, outputChannels: layer.outputChannels,
                height: height, width: width, kernel: 3)
            let inputShape = try shaping { () throws(ShapeError) in
                try Shape([batch, layer.inputChannels, height, width])
            }
            let outputShape = try shaping { () throws(ShapeError) in
                try Shape([batch, layer.outputChannels, layer.resolution, layer.width])
            }
            let (source, destination) =
                index.isMultiple(of: 2) ? (memory.0, memory.1) : (memory.1, memory.0)
            let made = try layering { () throws(NeuralLayerError) in
                try (
                    layer.isUp
                        ? Convolve.up(UpConvolution(shape, weights: layer.weight))
                        : .same(Convolution(shape, weights: layer.weight, scratchpad: scratchpad)),
                    FeatureMap(inputShape, layout: .blockedForProcessor, inMemoryOf: source),
                    FeatureMap(outputShape, layout: .blockedForProcessor, inMemoryOf: destination)
                )
            }
            layers.append(
                Layer(
                    weights: layer, convolve: made.0, input: made.1, output: made.2,
                    range: styleLayers[layer.style].range,
                    pictureRange: layer.picture.map { styleLayers[$0.style].range },
                    nextRange: index + 1 < weights.layers.count
                        ? styleLayers[weights.layers[index + 1].style].range : nil,
                    blocks: made.2.blockCount))
        }
        self.layers = layers

        var stages: [Stage] = []
        for block in generator.configuration.blocks {
            let side = block.resolution
            let width = generator.configuration.width(at: side)
            let shape = try shaping { () throws(ShapeError) in try Shape([batch, 3, side, width]) }
            let isLast = side == generator.configuration.resolution
            let isLimited =
                keepsActivations
                && weights.layers.contains { $0.resolution == side && $0.picture?.limit != nil }
            try layering { () throws(NeuralLayerError) in
                stages.append(
                    try Stage(
                        picture: FeatureMap(shape, layout: .planes),
                        double: isLast ? nil : UpsamplePicture(shape),
                        free: isLimited ? FeatureMap(shape, layout: .planes) : nil))
            }
        }
        self.stages = stages

        var kept: [FeatureMap] = []
        if keepsActivations {
            let last = keepsOutput ? layers.suffix(1).map(\.output.shape) : []
            for shape in layers.map(\.input.shape) + last {
                try layering { () throws(NeuralLayerError) in
                    kept.append(try FeatureMap(shape, layout: .blockedForProcessor))
                }
            }
        }
        self.kept = kept
        const = try layering { () throws(NeuralLayerError) in
            let one = try FeatureMap(
                [1, weights.const.shape[0], 4, weights.const.shape[2]], layout: .blockedForProcessor)
            try one.write(weights.const.reshapedToBatch())
            return one
        }
        finish16 = wide ? layers.map { LayerFinish($0.weights, map: $0.output) } : []
        finish8 = wide ? [] : layers.map { LayerFinish($0.weights, map: $0.output) }

        let widest = layers.reduce(0) { max($0, $1.input.channels, $1.output.channels) }
        // One vector row of channels a section, padded to 16; the sums of the picture take 3 × 64 vectors.
        section = (widest + 15) / 16 * 16
        let length = 6 * section + 3 * 64 * 16
        scratch = try layering { () throws(NeuralLayerError) in
            try FeatureMap([1, 1, 1, length], layout: .planes)
        }
    }

    /// The largest map that passes between layers, its channels padded to whole blocks of 16.
    static func largestMap(_ generator: Generator, batch: Int) throws(GeneratorError) -> Shape {
        var largest: Shape = [1, 1, 1, 1]
        for layer in generator.synthesis.layers {
            let scale = layer.isUp ? 2 : 1
            for (channels, scale) in [(layer.inputChannels, scale), (layer.outputChannels, 1)] {
                let shape = try shaping { () throws(ShapeError) in
                    try Shape([
                        batch, (channels + 15) / 16 * 16, layer.resolution / scale, layer.width / scale,
                    ])
                }
                if shape.count > largest.count { largest = shape }
            }
        }
        return largest
    }

    /// The whole network, from `styles`.
    func run() throws(GeneratorError) {
        begin(0, from: const, captured: kept.first)
        stages[0].picture.elements.update(repeating: 0)
        for index in layers.indices { try step(index) }
    }

    /// The pictures of the last run, as many as the tensor holds.
    func copyPictures(into images: inout Tensor) {
        guard let picture = stages.last?.picture else { return }
        images.withUnsafeMutableValues { images in
            _ = images.update(fromContentsOf: picture.elements.prefix(images.count))
        }
    }

    /// For each stage, 1 where its toRGB lay within its limit in the last run, else 0: `[1, 3, H, W]`.
    var free: [FeatureMap?] { stages.map(\.free) }

    /// Layers come as conv1, then conv0 and conv1 of each block.
    private func stageIndex(of layer: Int) -> Int { (layer + 1) / 2 }

    /// Fills a layer's input: one sample's activations times each sample's style.
    private func begin(_ index: Int, from source: FeatureMap, captured: FeatureMap?) {
        if let captured { _ = captured.elements.update(fromContentsOf: source.elements) }
        if wide {
            begin(index, from: source, as: SIMD16<Float>.self)
        } else {
            begin(index, from: source, as: SIMD8<Float>.self)
        }
    }

    private func begin<Vector: ChannelVector>(
        _ index: Int, from source: FeatureMap, as: Vector.Type
    ) {
        let layer = layers[index]
        let pixels = source.height * source.width
        // Maps of blocked layout begin at an aligned address and hold whole vectors (`FeatureMap`).
        withVectors(of: source, as: Vector.self) { source in
            withVectors(of: layer.input, as: Vector.self) { input in
                withVectors(of: scratch, as: Vector.self) { scratch in
                    for sample in 0..<batch {
                        fill(scratch, styles, sample * styleCount, layer.range)
                        let start = sample * layer.input.blockCount * pixels
                        for block in 0..<layer.input.blockCount {
                            let style = scratch[block]
                            let from = source + block * pixels
                            let to = input + start + block * pixels
                            for i in 0..<pixels { to[i] = from[i] * style }
                        }
                    }
                }
            }
        }
    }

    /// One convolution with what follows it.
    private func step(_ index: Int) throws(GeneratorError) {
        let layer = layers[index]
        try layering { () throws(NeuralLayerError) in
            switch layer.convolve {
            case .same(let convolution): try convolution(layer.input, into: layer.output)
            case .up(let convolution): try convolution(layer.input, into: layer.output)
            }
            let stage = stageIndex(of: index)
            if layer.weights.picture != nil, stage > 0, let double = stages[stage - 1].double {
                try double(stages[stage - 1].picture, into: stages[stage].picture, adding: false)
            }
        }
        if wide {
            finish(index, finish16[index])
        } else {
            finish(index, finish8[index])
        }
    }

    private func finish<Vector: ChannelVector>(
        _ index: Int, _ pass: LayerFinish<Vector>
    ) {
        let layer = layers[index]
        let lanes = Vector.scalarCount
        let picture = layer.weights.picture
        let pixels = layer.output.height * layer.output.width
        let stage = stages[stageIndex(of: index)]
        let planes = stage.picture.elements.baseAddress
        let capture = kept.indices.contains(index + 1) ? kept[index + 1] : nil
        withVectors(of: scratch, as: Vector.self) { scratch in
            let row = section / lanes
            let (demodulation, next, colour, sums) = (
                scratch + row, scratch + 2 * row, scratch + 3 * row, scratch + 6 * row
            )
            withVectors(of: layer.output, as: Vector.self) { output in
                for sample in 0..<batch {
                    let start = sample * styleCount
                    demodulate(layer, style: start, squares: scratch, into: demodulation)
                    if let range = layer.nextRange { fill(next, styles, start, range) }
                    if let picture, let range = layer.pictureRange {
                        for plane in 0..<3 {
                            fill(colour + plane * layer.blocks, styles, start, range)
                            let weight = plane * range.count
                            colour.withMemoryRebound(to: Float.self, capacity: 3 * section) { colour in
                                let line = colour + plane * layer.blocks * lanes
                                for i in 0..<range.count { line[i] *= picture.weight[weight + i] }
                            }
                        }
                    }
                    let captured = capture.map { map in withVectors(of: map, as: Vector.self) { $0 } }
                    let bias = picture.map { SIMD3($0.bias[0], $0.bias[1], $0.bias[2]) } ?? .zero
                    pass(
                        output + sample * layer.blocks * pixels, demodulation: demodulation,
                        nextStyle: layer.nextRange == nil ? nil : UnsafePointer(next),
                        colour: picture == nil ? nil : UnsafePointer(colour),
                        picture: planes.map { $0 + sample * 3 * pixels }, pictureBias: bias,
                        capture: captured, free: stage.free?.elements.baseAddress, sums: sums)
                }
            }
        }
    }

    /// d_o = 1 / √(Σ_c s_c² Σ_k w_ock² + ε).
    private func demodulate<Vector: ChannelVector>(
        _ layer: Layer, style start: Int, squares: UnsafeMutablePointer<Vector>,
        into demodulation: UnsafeMutablePointer<Vector>
    ) {
        let outputs = layer.weights.outputChannels
        squares.withMemoryRebound(to: Float.self, capacity: section) { squares in
            for (i, position) in layer.range.enumerated() {
                let style = styles[start + position]
                squares[i] = style * style
            }
            demodulation.withMemoryRebound(to: Float.self, capacity: section) { result in
                layer.weights.energy(
                    UnsafeBufferPointer(start: squares, count: layer.range.count),
                    inputStride: layer.range.count,
                    into: UnsafeMutableBufferPointer(start: result, count: outputs), outputStride: outputs,
                    rows: 1)
                let epsilon = layer.weights.epsilon
                for i in 0..<outputs { result[i] = 1 / (result[i] + epsilon).squareRoot() }
                // The padding of channels stays zero, whatever the section held for a wider layer.
                for i in outputs..<layer.blocks * Vector.scalarCount { result[i] = 0 }
            }
        }
    }

    /// Copies a range of the style code into vectors, the last padded with zeros.
    private func fill<Vector: ChannelVector>(
        _ vectors: UnsafeMutablePointer<Vector>, _ styles: [Float], _ start: Int, _ range: Range<Int>
    ) {
        let lanes = Vector.scalarCount
        let padded = (range.count + lanes - 1) / lanes * lanes
        vectors.withMemoryRebound(to: Float.self, capacity: padded) { values in
            for i in 0..<range.count { values[i] = styles[start + range.lowerBound + i] }
            for i in range.count..<padded { values[i] = 0 }
        }
    }
}

/// A map's elements as vectors of its block: blocked maps begin at an aligned address and hold whole vectors.
func withVectors<Vector: SIMD, Result>(
    of map: FeatureMap, as: Vector.Type, _ body: (UnsafeMutablePointer<Vector>) -> Result
) -> Result {
    guard let first = map.elements.baseAddress else { preconditionFailure("a map has at least one element") }
    return body(UnsafeMutableRawPointer(first).assumingMemoryBound(to: Vector.self))
}

extension Tensor {
    /// `[C, H, W]` as a batch of one.
    fileprivate func reshapedToBatch() -> Tensor {
        (try? reshaped(to: [1, shape[0], shape[1], shape[2]])) ?? self
    }
}
