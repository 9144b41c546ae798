import NeuralLayers
import Tensors

/// The vector-Jacobian product of the synthesis network: from gradients of a kept picture to gradients of its styles.
///
/// Any number of gradients go back through the network, a batch at a time. A layer of the way back, from its output's
/// gradient to its input's:
///
///     v̄ = finish(x̄')          activation, noise, toRGB: `LayerFinishGradient`
///     x̄ = Wᵀ ⋆ (d v̄)           demodulation, and the convolution transposed: `StyledConvolutionGradient`
///     s̄_i = Σ_p x̄_i x_i − s_i Σ_o E_oi d_o³ d̄_o          E_oi = Σ_k w_oik²
///
/// where the next pass takes the first term along. Nothing goes back through what a limit holds (`conv_clamp`), of
/// activations or of a toRGB layer's part of the picture. Belongs to one thread.
public final class SynthesisGradient {
    /// The gradient of a picture in the making, one a resolution: `[N, 3, H, W]`, and the way from the next larger.
    private struct Stage {
        let picture: FeatureMap
        let fromNext: UpsamplePictureGradient?
    }

    /// The most gradients at once.
    public var batch: Int { kept.batch }
    private let kept: KeptSynthesis
    private let convolutions: [StyledConvolutionGradient]
    /// The gradient of each layer's input, then of the last one's output: `[N, C, H, W]`, in two blocks of memory.
    private let maps: [FeatureMap]
    private let stages: [Stage]
    /// Sums of a pass, and Σ ȳ y − Σ v̄ (noise + b) times d² of every gradient: `[N, O]`.
    private let sums: FeatureMap
    private var demodulationTerms: [Float]
    private var channelTerms: [Float]

    /// - Throws: `GeneratorError.layer` where oneDNN refuses a layer.
    public init(of kept: KeptSynthesis) throws(GeneratorError) {
        self.kept = kept
        let batch = kept.batch
        let strips = StripMemory(bytes: KeptSynthesis.stripBytes(kept.layers, batch: batch, isBack: true))
        let widest = kept.maps.reduce(0) { max($0, $1.blockCount * 16) }
        let made = try layering { () throws(NeuralLayerError) in
            let largest = (0...1).map { parity in
                kept.maps.indices.filter { $0 % 2 == parity }.map { kept.maps[$0].elements.count }.max() ?? 1
            }
            let memory = try largest.map { count throws(NeuralLayerError) in
                try FeatureMap([batch, 1, 1, count], layout: .planes)
            }
            var maps: [FeatureMap] = []
            for (index, map) in kept.maps.enumerated() {
                maps.append(
                    try FeatureMap(
                        [batch, map.channels, map.height, map.width], layout: .blocked(16),
                        inMemoryOf: memory[index % 2]))
            }
            var convolutions: [StyledConvolutionGradient] = []
            for (weights, input) in zip(kept.kernels.layers, maps.dropLast()) {
                convolutions.append(
                    try StyledConvolutionGradient(
                        weights, batch: batch, height: input.height, width: input.width, memory: strips))
            }
            let shapes = kept.layers.filter { $0.picture != nil }.map { layer -> Shape in
                [batch, 3, layer.resolution, layer.width]
            }
            var stages: [Stage] = []
            for (place, shape) in shapes.enumerated() {
                stages.append(
                    Stage(
                        picture: try FeatureMap(shape, layout: .planes),
                        fromNext: place + 1 < shapes.count ? try UpsamplePictureGradient(shape) : nil))
            }
            return (maps, convolutions, stages, try FeatureMap([1, 1, 1, 3 * widest], layout: .planes))
        }
        (maps, convolutions, stages, sums) = made
        demodulationTerms = [Float](repeating: 0, count: batch * widest)
        channelTerms = [Float](repeating: 0, count: batch * widest)
    }

    /// The memory in bytes that an object takes, about, without what is kept and the kernels.
    public static func memoryBytes(_ generator: Generator, batch: Int, resolution: Int? = nil) -> Int {
        let layers = generator.synthesis.layers.filter { $0.resolution <= resolution ?? .max }
        let strips = KeptSynthesis.stripBytes(layers, batch: batch, isBack: true)
        let largest = layers.reduce(0) {
            max($0, 4 * (($1.outputChannels + 15) / 16 * 16) * $1.resolution * $1.width)
        }
        // Pictures of all resolutions are a third more than the last.
        let picture = layers.last.map { 4 * 4 * $0.resolution * $0.width } ?? 0
        return strips.transformed + strips.multiplied + batch * (2 * largest + picture)
    }

    /// Gradients of the kept picture's styles from gradients of the picture.
    /// - Parameters:
    ///   - pictures: `[≥ count, 3, H, W]`, of which the first are taken.
    ///   - count: How many, at most `batch`.
    ///   - styles: `[count, C_total]`, overwritten; zero beyond the picture's resolution.
    /// - Throws: `GeneratorError` where a shape is another one, or nothing was kept.
    public func callAsFunction(
        pictures: Tensor, count: Int, into styles: UnsafeMutableBufferPointer<Float>
    ) throws(GeneratorError) {
        guard (1...batch).contains(count) else {
            throw .range(what: "a number of gradients of", found: count, allowed: 1..<batch + 1)
        }
        guard !kept.code.isEmpty else {
            throw .range(what: "a number of kept pictures of", found: 0, allowed: 1..<2)
        }
        try shaping { () throws(ShapeError) in
            let count = max(count, pictures.shape.rank > 0 ? pictures.shape[0] : 0)
            try pictures.requireShape(
                Shape([count, 3, kept.height, kept.width]), of: "the gradients of pictures")
        }
        guard styles.count == count * kept.styleCount else {
            throw .range(
                what: "numbers of gradients of styles,", found: styles.count,
                allowed: count * kept.styleCount..<count * kept.styleCount + 1)
        }
        guard let last = stages.last else { return }
        pictures.withUnsafeValues {
            _ = last.picture.elements.update(fromContentsOf: $0.prefix(count * 3 * kept.height * kept.width))
        }
        for stage in stages.indices.dropLast().reversed() {
            try layering { () throws(NeuralLayerError) in
                try stages[stage].fromNext?(stages[stage + 1].picture, into: stages[stage].picture)
            }
        }
        for (stage, free) in zip(stages, kept.free) {
            guard let free = free?.elements else { continue }
            for i in 0..<count * free.count { stage.picture.elements[i] *= free[i % free.count] }
        }
        styles.update(repeating: 0)
        for index in kept.layers.indices.reversed() {
            finish(index, count: count, styles)
            try layering { () throws(NeuralLayerError) in
                try convolutions[index](
                    maps[index + 1], scales: kept.styles.demodulations[index], into: maps[index])
            }
            demodulate(index, count: count, styles)
        }
        // What the first layer takes has no layer before it to take this sum along.
        addConstant(count: count, styles)
    }

    /// What follows the convolution, with its share of the styles' gradients.
    private func finish(_ index: Int, count: Int, _ styles: UnsafeMutableBufferPointer<Float>) {
        let pass = kept.finishes[index]
        let outputs = kept.layers[index].outputChannels
        let pictureRange = kept.pictureRanges[index]
        let nextRange = index + 1 < kept.layers.count ? kept.ranges[index + 1] : nil
        let picture = pictureRange == nil ? nil : stages[(index + 1) / 2].picture.elements.baseAddress
        kept.styles.demodulations[index].withRow(0) { demodulation in
            for sample in 0..<count {
                pass(
                    vectors(of: maps[index + 1]) + sample * pass.blocks * pass.pixels,
                    output: vectors(of: kept.maps[index + 1]),
                    picture: picture.map { UnsafePointer($0 + sample * 3 * pass.pixels) },
                    sums: vectors(of: sums))
                let start = sample * kept.styleCount
                let section = pass.blocks * 16
                let values = sums.elements
                for (i, position) in (nextRange ?? 0..<0).enumerated() {
                    styles[start + position] += values[i]
                }
                for (i, position) in (pictureRange ?? 0..<0).enumerated() {
                    styles[start + position] += values[section + i]
                }
                for o in 0..<outputs {
                    let d = demodulation[o]
                    demodulationTerms[sample * outputs + o] = values[2 * section + o] * d * d
                }
            }
        }
    }

    /// −s_i Σ_o E_oi d_o³ d̄_o
    private func demodulate(_ index: Int, count: Int, _ styles: UnsafeMutableBufferPointer<Float>) {
        let layer = kept.layers[index]
        let (inputs, outputs) = (layer.inputChannels, layer.outputChannels)
        demodulationTerms.withUnsafeBufferPointer { terms in
            channelTerms.withUnsafeMutableBufferPointer { channels in
                channels.update(repeating: 0)
                layer.energy.addGradient(
                    terms, outputStride: outputs, to: channels, inputStride: inputs, rows: count)
                for sample in 0..<count {
                    for (i, position) in kept.ranges[index].enumerated() {
                        styles[sample * kept.styleCount + position] -=
                            kept.code[position] * channels[sample * inputs + i]
                    }
                }
            }
        }
    }

    /// Σ_p x̄_i x_i of the first layer, whose x is the constant.
    private func addConstant(count: Int, _ styles: UnsafeMutableBufferPointer<Float>) {
        let (constant, gradient) = (kept.maps[0], maps[0])
        let (pixels, size) = (constant.height * constant.width, constant.blockSize)
        let length = constant.elements.count
        for sample in 0..<count {
            for (channel, position) in kept.ranges[0].enumerated() {
                let first = channel / size * pixels * size + channel % size
                var sum: Float = 0
                for i in 0..<pixels {
                    sum +=
                        constant.elements[first + i * size]
                        * gradient.elements[sample * length + first + i * size]
                }
                styles[sample * kept.styleCount + position] += sum
            }
        }
    }

    /// A map's elements as vectors of its blocks: memory begins at a page and holds whole vectors.
    private func vectors(of map: FeatureMap) -> UnsafeMutablePointer<LayerFinishGradient.Vector> {
        guard let first = map.elements.baseAddress else {
            preconditionFailure("a map has at least one element")
        }
        return UnsafeMutableRawPointer(first).assumingMemoryBound(to: LayerFinishGradient.Vector.self)
    }
}
