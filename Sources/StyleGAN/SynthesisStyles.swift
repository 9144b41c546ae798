import NeuralLayers
import Tensors

/// What the layers take of style codes: each sample's styles, demodulations and toRGB weights, as vectors of channels.
struct SynthesisStyles {
    private let layers: [SynthesisWeights.Layer]
    private let ranges: [Range<Int>]
    private let pictureRanges: [Range<Int>?]
    /// One a layer: s, and d = 1 / √(Σ_c s_c² Σ_k w_ock² + ε).
    let styles, demodulations: [ChannelVectors]
    /// s_c w_kc of the layers with a picture, three rows a sample.
    let colours: [ChannelVectors?]
    private var squares: [Float]
    private let rows: Int

    init(_ generator: Generator, samples: Int) {
        layers = generator.synthesis.layers
        let styleLayers = generator.styleSpace.layers
        ranges = layers.map { styleLayers[$0.style].range }
        pictureRanges = layers.map { $0.picture.map { styleLayers[$0.style].range } }
        styles = layers.map { ChannelVectors(rows: samples, channels: $0.inputChannels) }
        demodulations = layers.map { ChannelVectors(rows: samples, channels: $0.outputChannels) }
        colours = layers.map {
            $0.picture == nil ? nil : ChannelVectors(rows: 3 * samples, channels: $0.outputChannels)
        }
        squares = [Float](repeating: 0, count: layers.reduce(0) { max($0, $1.inputChannels) })
        rows = samples
    }

    /// Sets one sample's style code `[C_total]`.
    mutating func set(_ row: Int, to code: UnsafeBufferPointer<Float>) {
        for (index, layer) in layers.enumerated() {
            styles[index].withRow(row) { _ = $0.update(fromContentsOf: code[ranges[index]]) }
            demodulate(index, row)
            guard let picture = layer.picture, let range = pictureRanges[index], let colour = colours[index]
            else { continue }
            for plane in 0..<3 {
                colour.withRow(3 * row + plane) { weights in
                    for i in 0..<range.count {
                        weights[i] = code[range.lowerBound + i] * picture.weight[plane * range.count + i]
                    }
                }
            }
        }
    }

    /// Gives every sample what the first has.
    func repeatFirst() {
        for vectors in styles + demodulations + colours.compactMap({ $0 }) {
            let step = vectors.rows / rows
            for row in step..<vectors.rows { vectors.copyRow(row % step, to: row) }
        }
    }

    /// A sample's demodulation of one layer where one of its styles is another; the style itself stays.
    mutating func demodulate(_ index: Int, _ row: Int, channel: Int? = nil, value: Float = 0) {
        let layer = layers[index]
        styles[index].withRow(row) { style in
            for i in 0..<layer.inputChannels { squares[i] = style[i] * style[i] }
        }
        if let channel { squares[channel] = value * value }
        demodulations[index].withRow(row) { result in
            squares.withUnsafeBufferPointer {
                layer.energy(
                    UnsafeBufferPointer(rebasing: $0[..<layer.inputChannels]),
                    inputStride: layer.inputChannels,
                    into: result, outputStride: layer.outputChannels, rows: 1)
            }
            for i in 0..<layer.outputChannels { result[i] = 1 / (result[i] + layer.epsilon).squareRoot() }
        }
    }
}
