import NeuralLayers
import Tensors

/// The pool by attention at the end of OpenAI's ResNets, for one image forward and a batch of gradients backward: its
/// query is the mean of the last feature maps' pixels, which attends to itself and to them.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
final class AttentionPool {
    private let batch, tokens, channels: Int
    /// `[tokens, C]`: added to the mean, then to the pixels.
    private let positions: Tensor
    private let features: FeatureMap
    // Of the image: `[tokens, …]`, and of what asks, `[1, …]`.
    private let x, keysAndValues, mean, queries, context: Activations
    /// `[1, d]`
    let projected: Activations
    // Of the gradients: `[batch × tokens, …]` and `[batch, …]`.
    private let xGradient, keysAndValuesGradient, meanGradient, queriesGradient, contextGradient: Activations
    /// `[batch, d]`
    let projectedGradient: Activations

    private let query, projectKeysAndValues, project: Linear
    private let attention: Attention
    private let attentionGradient: AttentionGradient
    private let queryGradient, projectKeysAndValuesGradient, projectGradient: Linear

    /// - Parameter features: The last maps, `[1, C, h, w]`, which every call reads.
    init(
        _ tower: ResidualTowerGradient, _ configuration: CLIPConfiguration, features: FeatureMap
    ) throws {
        let (forward, batch) = (tower.forward, tower.batch)
        let (tokens, channels) = (forward.positions.shape[0], features.channels)
        (self.batch, self.tokens, self.channels, self.features) = (batch, tokens, channels, features)
        positions = forward.positions
        x = try Activations(rows: tokens, width: channels)
        keysAndValues = try Activations(rows: tokens, width: 2 * channels)
        mean = try Activations(rows: 1, width: channels)
        queries = try Activations(rows: 1, width: channels)
        context = try Activations(rows: 1, width: channels)
        projected = try Activations(rows: 1, width: configuration.dimension)
        xGradient = try Activations(rows: batch * tokens, width: channels)
        keysAndValuesGradient = try Activations(rows: batch * tokens, width: 2 * channels)
        meanGradient = try Activations(rows: batch, width: channels)
        queriesGradient = try Activations(rows: batch, width: channels)
        contextGradient = try Activations(rows: batch, width: channels)
        projectedGradient = try Activations(rows: batch, width: configuration.dimension)

        query = try Linear(forward.query)
        projectKeysAndValues = try Linear(forward.keysAndValues)
        project = try Linear(forward.projection)
        let heads = configuration.image.heads
        attention = try Attention(
            sequences: 1, queries: 1, keys: tokens, heads: heads, headWidth: channels / heads)
        attentionGradient = try AttentionGradient(
            gradients: batch, queries: 1, keys: tokens, heads: heads, headWidth: channels / heads)
        queryGradient = try Linear(tower.query)
        projectKeysAndValuesGradient = try Linear(tower.keysAndValues)
        projectGradient = try Linear(tower.projection)
    }

    /// `features` to `projected`.
    func keep() throws(NeuralLayerError) {
        features.fillTokens(of: 0, positions: positions, into: x, row: 0)
        _ = mean[row: 0].update(fromContentsOf: x[row: 0])
        try query(mean, into: queries)
        try projectKeysAndValues(x, into: keysAndValues)
        try attention(queries: queries, keysAndValues: keysAndValues, into: context)
        try attentionGradient.keep(queries: queries, keysAndValues: keysAndValues)
        try project(context, into: projected)  // [1, d]
    }

    /// `projectedGradient` to the gradient of the maps, `[batch, C, h, w]`.
    func back(into gradient: FeatureMap) throws(NeuralLayerError) {
        try projectGradient(projectedGradient, into: contextGradient)
        try attentionGradient(
            contextGradient, queries: queriesGradient, keysAndValues: keysAndValuesGradient)
        try projectKeysAndValuesGradient(keysAndValuesGradient, into: xGradient)
        try queryGradient(queriesGradient, into: meanGradient)
        let (pixels, block) = (tokens - 1, gradient.blockSize)
        for sample in 0..<batch {
            // The mean is the query, and is attended to; every pixel has its share of it.
            let (query, mean) = (meanGradient[row: sample], xGradient[row: sample * tokens])
            for channel in 0..<channels { mean[channel] = (mean[channel] + query[channel]) / Float(pixels) }
            for pixel in 0..<pixels {
                let row = xGradient[row: sample * tokens + pixel + 1]
                for channel in 0..<channels {
                    let place = (sample * gradient.blockCount + channel / block) * pixels + pixel
                    gradient.elements[place * block + channel % block] = row[channel] + mean[channel]
                }
            }
        }
    }
}

extension FeatureMap {
    /// The pixels of one sample's maps as tokens after their mean, positions added.
    /// - Parameters:
    ///   - positions: `[1 + pixels, C]`
    ///   - tokens: `[…, C]`, written from `first` on.
    func fillTokens(of sample: Int, positions: Tensor, into tokens: Activations, row first: Int) {
        let (pixels, block) = (height * width, blockSize)
        positions.withUnsafeValues { positions in
            let mean = tokens[row: first]
            mean.update(repeating: 0)
            for pixel in 0..<pixels {
                let row = tokens[row: first + pixel + 1]
                for channel in 0..<channels {
                    let place = (sample * blockCount + channel / block) * pixels + pixel
                    let value = elements[place * block + channel % block]
                    mean[channel] += value
                    row[channel] = value + positions[(pixel + 1) * channels + channel]
                }
            }
            for channel in 0..<channels { mean[channel] = mean[channel] / Float(pixels) + positions[channel] }
        }
    }
}
