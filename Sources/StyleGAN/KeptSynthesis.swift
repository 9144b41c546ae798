import NeuralLayers
import Tensors

/// One picture's way through the synthesis network, with every layer's output kept for the way back.
///
/// One thread at a time fills it; then any number of `SynthesisGradient`s read it, on as many threads.
///
/// `@unchecked Sendable` holds as long as its users keep to that: nothing is written but by `keep`, whose caller waits for
/// all readers before it calls it again.
public final class KeptSynthesis: @unchecked Sendable {
    /// A picture in the making, one a resolution: `[1, 3, H, W]`, and the doubling that begins it.
    private struct Stage {
        let picture: FeatureMap
        let double: UpsamplePicture?
        let layer: PictureLayer
        /// 1 where toRGB lies within its limit, else 0; nil where there is no limit.
        let free: FeatureMap?
        let limit: Float
    }

    /// The height and width of the picture.
    public let height, width: Int
    /// C_total.
    public let styleCount: Int
    /// The most gradients that go back together.
    let batch: Int
    let kernels: SynthesisGradientKernels
    /// The layers up to the picture's resolution.
    let layers: [SynthesisWeights.Layer]
    /// Where their styles stand in the style code.
    let ranges: [Range<Int>]
    let pictureRanges: [Range<Int>?]
    /// What each layer takes before its style, then what the last one gives: `[1, C, H, W]`.
    let maps: [FeatureMap]
    /// Of the kept picture; as many equal rows as gradients go back together.
    private(set) var styles: SynthesisStyles
    /// What follows each layer, on the way back.
    private(set) var finishes: [LayerFinishGradient]
    /// s of the kept picture; empty where none is.
    private(set) var code: [Float] = []

    private let convolutions: [StyledConvolution]
    private let stages: [Stage]

    /// - Parameters:
    ///   - batch: The most gradients that go back together.
    ///   - kernels: The generator's, shared with others; nil for its own.
    ///   - resolution: The picture's height where it is not the generator's: the blocks beyond it are left out.
    /// - Throws: `GeneratorError.layer` where oneDNN refuses a layer, `.range` for a batch of none or a resolution that no
    ///   block has.
    public init(
        _ generator: Generator, batch: Int, kernels: SynthesisGradientKernels? = nil, resolution: Int? = nil
    ) throws(GeneratorError) {
        guard (1...4096).contains(batch) else {
            throw .range(what: "a batch of gradients", found: batch, allowed: 1..<4097)
        }
        let configuration = generator.configuration
        let resolution = resolution ?? configuration.resolution
        guard configuration.blocks.contains(where: { $0.resolution == resolution }) else {
            throw .range(
                what: "pictures of a height of", found: resolution, allowed: 4..<configuration.resolution + 1)
        }
        self.batch = batch
        height = resolution
        width = configuration.width(at: resolution)
        styleCount = generator.styleSpace.count
        self.kernels = if let kernels { kernels } else { try SynthesisGradientKernels(generator) }
        let layers = generator.synthesis.layers.filter { $0.resolution <= resolution }
        self.layers = layers
        let styleLayers = generator.styleSpace.layers
        ranges = layers.map { styleLayers[$0.style].range }
        pictureRanges = layers.map { $0.picture.map { styleLayers[$0.style].range } }
        styles = SynthesisStyles(generator, samples: batch)

        let packed = self.kernels.forward.layers
        let strips = StripMemory(bytes: Self.stripBytes(layers))
        let constant = generator.synthesis.const
        let made = try layering { () throws(NeuralLayerError) in
            let const = try FeatureMap(
                [1, constant.shape[0], constant.shape[1], constant.shape[2]], layout: .blocked(16))
            var values = Tensor(zeros: const.shape)
            for i in 0..<values.count { values[i] = constant[i] }
            try const.write(values)
            var (maps, convolutions) = ([const], [StyledConvolution]())
            for (layer, weights) in zip(layers, packed) {
                let scale = layer.isUp ? 2 : 1
                let convolution = try StyledConvolution(
                    weights, batch: 1, height: layer.resolution / scale, width: layer.width / scale,
                    memory: strips)
                convolutions.append(convolution)
                maps.append(try FeatureMap(convolution.outputShape, layout: .blocked(16)))
            }
            var stages: [Stage] = []
            for layer in layers {
                guard let picture = layer.picture else { continue }
                let shape: Shape = [1, 3, layer.resolution, layer.width]
                stages.append(
                    Stage(
                        picture: try FeatureMap(shape, layout: .planes),
                        double: try stages.last.map { last throws(NeuralLayerError) in
                            try UpsamplePicture(last.picture.shape)
                        },
                        layer: PictureLayer(
                            bias: SIMD3(picture.bias[0], picture.bias[1], picture.bias[2])),
                        free: picture.limit == nil ? nil : try FeatureMap(shape, layout: .planes),
                        limit: picture.limit ?? .infinity))
            }
            return (maps, convolutions, stages)
        }
        (maps, convolutions, stages) = made
        finishes = zip(layers, maps.dropFirst()).map { LayerFinishGradient($0, map: $1) }
    }

    /// What the strips of the neediest layer take.
    /// - Parameter isBack: Whether gradients go from outputs to inputs.
    static func stripBytes(
        _ layers: [SynthesisWeights.Layer], batch: Int = 1, isBack: Bool = false
    ) -> (transformed: Int, multiplied: Int) {
        layers.reduce((0, 0)) { most, layer in
            let scale = layer.isUp ? 2 : 1
            let (from, to) = (layer.inputChannels, layer.outputChannels)
            let bytes = StripLayout(
                inputs: isBack ? to : from, outputs: isBack ? from : to, isUp: layer.isUp, batch: batch,
                height: layer.resolution / scale, width: layer.width / scale
            ).bytes
            return (max(most.0, bytes.transformed), max(most.1, bytes.multiplied))
        }
    }

    /// The memory in bytes that an object takes, about, without the kernels.
    public static func memoryBytes(_ generator: Generator, resolution: Int? = nil) -> Int {
        let layers = generator.synthesis.layers.filter { $0.resolution <= resolution ?? .max }
        let strips = stripBytes(layers)
        return layers.reduce(strips.transformed + strips.multiplied) {
            // A map, its noise, and of every other layer a picture of three planes.
            $0 + 4 * ((($1.outputChannels + 15) / 16 * 16) + 1 + 3) * $1.resolution * $1.width
        }
    }

    /// Draws one picture and keeps what gradients need of it.
    /// - Parameter styles: `[C_total]` or `[1, C_total]`
    /// - Returns: The picture, `[1, 3, H, W]`.
    /// - Throws: `GeneratorError` where the styles have another shape; `.notFinite`, by its layer, where the picture is not
    ///   finite.
    public func keep(styles codes: Tensor) throws(GeneratorError) -> Tensor {
        guard codes.count == styleCount else {
            let expected = try shaping { () throws(ShapeError) in try Shape([styleCount]) }
            throw .shape(.mismatch(what: "s", found: codes.shape, expected: expected))
        }
        code = []
        codes.withUnsafeValues { styles.set(0, to: $0) }
        styles.repeatFirst()
        try draw()
        let shape = try shaping { () throws(ShapeError) in try Shape([1, 3, height, width]) }
        var picture = Tensor(zeros: shape)
        if let last = stages.last {
            picture.withUnsafeMutableValues { _ = $0.update(fromContentsOf: last.picture.elements) }
        }
        guard picture.withUnsafeValues({ $0.allSatisfy(\.isFinite) }) else {
            throw .notFinite(what: "the output of \(firstLayerNotFinite())")
        }
        code = codes.values
        for index in layers.indices {
            let next = index + 1 < layers.count ? code[ranges[index + 1]] : nil
            finishes[index].keep(nextStyle: next, pictureStyle: pictureRanges[index].map { code[$0] })
        }
        return picture
    }

    private func draw() throws(GeneratorError) {
        var stage = 0
        for (index, layer) in layers.enumerated() {
            try layering { () throws(NeuralLayerError) in
                try convolutions[index](
                    maps[index], styles: styles.styles[index], demodulation: styles.demodulations[index],
                    finish: kernels.forward.finishes[index], into: maps[index + 1])
                guard layer.picture != nil, let colour = styles.colours[index] else { return }
                let made = stages[stage]
                if let double = made.double {
                    try double(stages[stage - 1].picture, into: made.picture)
                } else {
                    made.picture.elements.update(repeating: 0)
                }
                show(maps[index + 1], colour, made)
                stage += 1
            }
        }
    }

    /// toRGB: adds its part to the picture, held within its limit where there is one.
    private func show(_ map: FeatureMap, _ colour: ChannelVectors, _ stage: Stage) {
        guard let part = stage.free else { return stage.layer.add(map, weights: colour, to: stage.picture) }
        part.elements.update(repeating: 0)
        stage.layer.add(map, weights: colour, to: part)
        for (i, value) in part.elements.enumerated() {
            stage.picture.elements[i] += value < -stage.limit ? -stage.limit : min(value, stage.limit)
            part.elements[i] = abs(value) < stage.limit ? 1 : 0
        }
    }

    /// Of every stage, 1 where its toRGB lies within its limit, else 0: `[1, 3, H, W]`; nil where there is no limit.
    var free: [FeatureMap?] { stages.map(\.free) }

    private func firstLayerNotFinite() -> String {
        for (layer, map) in zip(layers, maps.dropFirst()) where !map.elements.allSatisfy(\.isFinite) {
            return layer.name
        }
        return "a toRGB layer"
    }
}
