import NeuralLayers
import Tensors

/// The vector-Jacobian product of the synthesis network: from gradients of a picture to gradients of its styles.
///
/// One forward pass keeps what every layer gives; any number of gradients of that picture then go back through the
/// network, a batch at a time. A layer of the way back, from its output's gradient to its input's:
///
///     ū = finish(x̄')          demodulation, activation, noise, toRGB: `LayerFinishGradient`
///     x̄ = Wᵀ ⋆ ū               the convolution with turned weights
///     s̄_i = Σ_p x̄_i x_i − s_i Σ_o E_oi d_o³ d̄_o          E_oi = Σ_k w_oik²
///
/// Nothing goes back through what a limit holds (`conv_clamp`), of activations or of a toRGB layer's part of the picture.
///
/// where the next pass takes the first term along. Belongs to one thread, which calls `Threads.limit(to:)` before it
/// makes one. Nothing is allocated in a steady state but the results.
public final class SynthesisGradient {
    private enum Convolve {
        case same(ConvolutionGradient)
        case up(UpConvolutionGradient)
    }

    private struct Layer {
        let weights: SynthesisWeights.Layer
        let convolve: Convolve
        /// Where this layer's styles stand in the style code, the next layer's, and its picture's.
        let range: Range<Int>
        let nextRange: Range<Int>?
        let pictureRange: Range<Int>?
    }

    /// The gradient of a picture in the making, one a resolution: `[N, 3, H, W]`, and the way from the next larger.
    private struct Stage {
        let picture: FeatureMap
        let fromNext: UpsamplePictureGradient?
    }

    /// The most gradients at once.
    public let batch: Int
    private let styleCount: Int
    /// The height and width of a picture.
    private let height, width: Int
    private let forward: SynthesisPlan
    private let layers: [Layer]
    /// The gradient of each layer's input, then of the last one's output: `[N, C, H, W]`, in two blocks of memory.
    private let maps: [FeatureMap]
    private let stages: [Stage]
    /// A picture's gradient where its toRGB lies within its limit; nil for networks without one.
    private let limited: FeatureMap?
    private let wide: Bool
    private var passes16: [LayerFinishGradient<SIMD16<Float>>]
    private var passes8: [LayerFinishGradient<SIMD8<Float>>]
    private var isKept = false
    /// Sums of a pass, and Σ ȳ y − Σ v̄ (noise + b) times d² of every gradient: `[N, O]`.
    private let sums: FeatureMap
    private var demodulationTerms: [Float]
    private var channelTerms: [Float]

    /// - Parameters:
    ///   - batch: Gradients that go back together.
    ///   - weights: Packed for this batch by `SynthesisGradientWeights`, shared with other threads; nil for its own.
    /// - Throws: `GeneratorError.layer` where oneDNN refuses a layer, `.range` for a batch of none.
    public init(
        _ generator: Generator, batch: Int, weights packed: SynthesisGradientWeights? = nil
    ) throws(GeneratorError) {
        guard (1...4096).contains(batch) else {
            throw .range(what: "a batch of gradients", found: batch, allowed: 1..<4097)
        }
        self.batch = batch
        styleCount = generator.styleSpace.count
        height = generator.configuration.resolution
        width = generator.configuration.width
        wide = FeatureMapLayout.blockedForProcessor.blockSize == 16
        let weights = generator.synthesis.layers
        let packed: SynthesisGradientWeights =
            if let packed { packed } else { try SynthesisGradientWeights(generator, batch: batch) }
        guard packed.batch == batch, packed.layers.count == weights.count else {
            throw .range(
                what: "weights packed for a batch of", found: packed.batch, allowed: batch..<batch + 1)
        }
        let largest = try SynthesisPlan.largestMap(generator, batch: batch)
        let memory = try layering { () throws(NeuralLayerError) in
            try (FeatureMap(largest), FeatureMap(largest))
        }
        // The two ways are never gone at once: they share their maps and scratch.
        let scratchpad = Scratchpad()
        forward = try SynthesisPlan(
            generator, batch: 1, keepsActivations: true, keepsOutput: true, memory: memory,
            scratchpad: scratchpad)

        var maps: [FeatureMap] = []
        for (index, kept) in forward.kept.enumerated() {
            let shape = try shaping { () throws(ShapeError) in
                try Shape([batch] + kept.shape.dimensions.dropFirst())
            }
            maps.append(
                try layering { () throws(NeuralLayerError) in
                    try FeatureMap(
                        shape, layout: .blockedForProcessor,
                        inMemoryOf: index.isMultiple(of: 2) ? memory.0 : memory.1)
                })
        }
        self.maps = maps

        let styleLayers = generator.styleSpace.layers
        var layers: [Layer] = []
        for (index, layer) in weights.enumerated() {
            let shape = SynthesisGradientWeights.shape(of: layer, batch: batch)
            let convolve = try layering { () throws(NeuralLayerError) in
                layer.isUp
                    ? Convolve.up(try UpConvolutionGradient(shape, weights: packed.layers[index]))
                    : .same(
                        try ConvolutionGradient(
                            shape, weights: packed.layers[index], scratchpad: scratchpad))
            }
            layers.append(
                Layer(
                    weights: layer, convolve: convolve, range: styleLayers[layer.style].range,
                    nextRange: index + 1 < weights.count
                        ? styleLayers[weights[index + 1].style].range : nil,
                    pictureRange: layer.picture.map { styleLayers[$0.style].range }))
        }
        self.layers = layers
        passes16 = wide ? zip(weights, maps.dropFirst()).map { LayerFinishGradient($0, map: $1) } : []
        passes8 = wide ? [] : zip(weights, maps.dropFirst()).map { LayerFinishGradient($0, map: $1) }

        var stages: [Stage] = []
        for block in generator.configuration.blocks {
            let side = block.resolution
            let width = generator.configuration.width(at: side)
            let shape = try shaping { () throws(ShapeError) in try Shape([batch, 3, side, width]) }
            let isLast = side == generator.configuration.resolution
            try layering { () throws(NeuralLayerError) in
                stages.append(
                    try Stage(
                        picture: FeatureMap(shape, layout: .planes),
                        fromNext: isLast ? nil : UpsamplePictureGradient(shape)))
            }
        }
        self.stages = stages
        let picture = generator.configuration
        let hasLimit = weights.contains { $0.picture?.limit != nil }
        limited = try layering { () throws(NeuralLayerError) in
            try hasLimit ? FeatureMap([1, 3, picture.resolution, picture.width], layout: .planes) : nil
        }
        let widest = maps.reduce(0) { max($0, $1.channels) }
        sums = try layering { () throws(NeuralLayerError) in
            try FeatureMap([1, 1, 1, 3 * ((widest + 15) / 16 * 16)], layout: .planes)
        }
        demodulationTerms = [Float](repeating: 0, count: batch * widest)
        channelTerms = [Float](repeating: 0, count: batch * widest)
    }

    /// The memory in bytes that an object takes beside packed weights, about: the kept activations and the maps.
    public static func memoryBytes(_ generator: Generator, batch: Int) -> Int {
        let layers = generator.synthesis.layers
        let kept = layers.reduce(0) { $0 + 4 * $1.outputChannels * $1.resolution * $1.width }
        let largest = layers.reduce(0) {
            max($0, 4 * max($1.inputChannels, $1.outputChannels) * $1.resolution * $1.width)
        }
        // Two maps a gradient; the pictures of all resolutions; the forward pass's own packed weights and scratch.
        let pictures = 4 * 4 * generator.configuration.resolution * generator.configuration.width
        return kept + batch * (2 * largest + pictures) + 2 * largest
            + SynthesisGradientWeights.memoryBytes(generator)
    }

    /// Runs one picture forward and keeps what gradients need of it.
    /// - Parameter styles: `[C_total]` or `[1, C_total]`
    /// - Returns: The picture, `[1, 3, H, W]`.
    /// - Throws: `GeneratorError` where the styles have another shape, `.notFinite` where the picture is not finite.
    public func keep(styles: Tensor) throws(GeneratorError) -> Tensor {
        guard styles.count == styleCount else {
            let expected = try shaping { () throws(ShapeError) in try Shape([styleCount]) }
            throw .shape(.mismatch(what: "s", found: styles.shape, expected: expected))
        }
        isKept = false
        styles.withUnsafeValues { values in
            for i in 0..<styleCount { forward.styles[i] = values[i] }
        }
        try forward.run()
        let shape = try shaping { () throws(ShapeError) in try Shape([1, 3, height, width]) }
        var picture = Tensor(zeros: shape)
        forward.copyPictures(into: &picture)
        guard picture.withUnsafeValues({ $0.allSatisfy(\.isFinite) }) else {
            throw .notFinite(what: "the output of \(firstLayerNotFinite())")
        }
        for (index, layer) in layers.enumerated() {
            let demodulation = demodulation(of: layer)
            let next = layer.nextRange.map { forward.styles[$0] }
            let picture = layer.pictureRange.map { forward.styles[$0] }
            if wide {
                passes16[index].keep(demodulation: demodulation, nextStyle: next, pictureStyle: picture)
            } else {
                passes8[index].keep(demodulation: demodulation, nextStyle: next, pictureStyle: picture)
            }
        }
        isKept = true
        return picture
    }

    /// Gradients of the kept picture's styles from gradients of the picture.
    /// - Parameters:
    ///   - pictures: `[≥ rows.count, 3, H, W]`, of which the first are taken.
    ///   - styles: `[n, C_total]`.
    ///   - rows: Which of its rows are overwritten, at most `batch`.
    /// - Throws: `GeneratorError` where a shape is another one, or nothing was kept.
    public func callAsFunction(
        pictures: Tensor, into styles: inout Tensor, rows: Range<Int>
    ) throws(GeneratorError) {
        guard (1...batch).contains(rows.count) else {
            throw .range(what: "a number of gradients of", found: rows.count, allowed: 1..<batch + 1)
        }
        guard isKept else {
            throw .range(what: "a number of kept pictures of", found: 0, allowed: 1..<2)
        }
        try shaping { () throws(ShapeError) in
            let count = max(rows.count, pictures.shape.rank > 0 ? pictures.shape[0] : 0)
            try pictures.requireShape(
                Shape([count, 3, height, width]), of: "the gradients of pictures")
            let total = max(rows.upperBound, styles.shape.rank > 0 ? styles.shape[0] : 0)
            try styles.requireShape(Shape([total, styleCount]), of: "the gradients of styles")
        }
        let count = rows.count
        guard let last = stages.last else { return }
        pictures.withUnsafeValues {
            let size = 3 * height * width
            _ = last.picture.elements.update(fromContentsOf: $0.prefix(count * size))
        }
        for stage in stages.indices.dropLast().reversed() {
            try layering { () throws(NeuralLayerError) in
                try stages[stage].fromNext?(stages[stage + 1].picture, into: stages[stage].picture)
            }
        }
        try styles.withUnsafeMutableValues { all throws(GeneratorError) in
            let range = rows.lowerBound * styleCount..<rows.upperBound * styleCount
            let styles = UnsafeMutableBufferPointer(rebasing: all[range])
            styles.update(repeating: 0)
            for index in layers.indices.reversed() { try step(index, count: count, styles) }
            // What the first layer takes has no layer before it to take this sum along.
            addConstant(count: count, styles)
        }
    }

    /// One layer of the way back.
    private func step(
        _ index: Int, count: Int, _ styles: UnsafeMutableBufferPointer<Float>
    ) throws(GeneratorError) {
        if wide {
            finish(index, passes16[index], count: count, styles)
        } else {
            finish(index, passes8[index], count: count, styles)
        }
        let layer = layers[index]
        try layering { () throws(NeuralLayerError) in
            switch layer.convolve {
            case .same(let convolution): try convolution(maps[index + 1], into: maps[index])
            case .up(let convolution): try convolution(maps[index + 1], into: maps[index])
            }
        }
        demodulate(layer, count: count, styles)
    }

    private func finish<Vector: SIMD>(
        _ index: Int, _ pass: LayerFinishGradient<Vector>, count: Int,
        _ styles: UnsafeMutableBufferPointer<Float>
    ) where Vector.Scalar == Float {
        let layer = layers[index]
        let lanes = Vector.scalarCount
        let outputs = layer.weights.outputChannels
        let picture = layer.pictureRange == nil ? nil : stages[(index + 1) / 2].picture.elements.baseAddress
        let free = forward.free[(index + 1) / 2]
        withVectors(of: maps[index + 1], as: Vector.self) { map in
            withVectors(of: forward.kept[index + 1], as: Vector.self) { kept in
                withVectors(of: sums, as: Vector.self) { vectors in
                    for sample in 0..<count {
                        pass(
                            map + sample * pass.blocks * pass.pixels, output: kept,
                            picture: picture.map {
                                limited($0 + sample * 3 * pass.pixels, free, count: 3 * pass.pixels)
                            },
                            sums: vectors)
                        let start = sample * styleCount
                        let section = pass.blocks * lanes
                        let values = sums.elements
                        if let range = layer.nextRange {
                            for (i, position) in range.enumerated() { styles[start + position] += values[i] }
                        }
                        if let range = layer.pictureRange {
                            for (i, position) in range.enumerated() {
                                styles[start + position] += values[section + i]
                            }
                        }
                        for o in 0..<outputs {
                            let d = pass.demodulation[o / lanes][o % lanes]
                            demodulationTerms[sample * outputs + o] = values[2 * section + o] * d * d
                        }
                    }
                }
            }
        }
    }

    /// p̄ where toRGB lies within its limit, else 0; p̄ itself where there is no limit.
    private func limited(
        _ picture: UnsafePointer<Float>, _ free: FeatureMap?, count: Int
    ) -> UnsafePointer<Float> {
        guard let free = free?.elements.baseAddress, let result = limited?.elements.baseAddress else {
            return picture
        }
        for i in 0..<count { result[i] = picture[i] * free[i] }
        return UnsafePointer(result)
    }

    /// −s_i Σ_o E_oi d_o³ d̄_o
    private func demodulate(
        _ layer: Layer, count: Int, _ styles: UnsafeMutableBufferPointer<Float>
    ) {
        let (inputs, outputs) = (layer.weights.inputChannels, layer.weights.outputChannels)
        demodulationTerms.withUnsafeBufferPointer { terms in
            channelTerms.withUnsafeMutableBufferPointer { channels in
                channels.update(repeating: 0)
                layer.weights.energy.addGradient(
                    terms, outputStride: outputs, to: channels, inputStride: inputs, rows: count)
                for sample in 0..<count {
                    for (i, position) in layer.range.enumerated() {
                        styles[sample * styleCount + position] -=
                            forward.styles[position] * channels[sample * inputs + i]
                    }
                }
            }
        }
    }

    /// Σ_p x̄_i x_i of the first layer, whose x is the constant.
    private func addConstant(count: Int, _ styles: UnsafeMutableBufferPointer<Float>) {
        let (constant, gradient) = (forward.kept[0], maps[0])
        let (pixels, size) = (constant.height * constant.width, constant.blockSize)
        let length = constant.elements.count
        for sample in 0..<count {
            for (channel, position) in layers[0].range.enumerated() {
                let first = channel / size * pixels * size + channel % size
                var sum: Float = 0
                for i in 0..<pixels {
                    sum +=
                        constant.elements[first + i * size]
                        * gradient.elements[sample * length + first + i * size]
                }
                styles[sample * styleCount + position] += sum
            }
        }
    }

    /// d_o = 1 / √(Σ_c s_c² E_oc + ε)
    private func demodulation(of layer: Layer) -> [Float] {
        let squares = forward.styles[layer.range].map { $0 * $0 }
        var demodulation = [Float](repeating: 0, count: layer.weights.outputChannels)
        squares.withUnsafeBufferPointer { squares in
            demodulation.withUnsafeMutableBufferPointer { result in
                layer.weights.energy(
                    squares, inputStride: squares.count, into: result, outputStride: result.count, rows: 1)
            }
        }
        return demodulation.map { 1 / ($0 + layer.weights.epsilon).squareRoot() }
    }

    private func firstLayerNotFinite() -> String {
        for (layer, kept) in zip(layers, forward.kept.dropFirst())
        where !kept.elements.allSatisfy(\.isFinite) {
            return layer.weights.name
        }
        return "a toRGB layer"
    }
}
