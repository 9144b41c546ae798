import NeuralLayers
import Tensors

/// A latent mapper at work on a fixed number of faces: the step 0.1 · M(w), and the gradients of its weights.
///
/// As in the published code, a level's normalisation runs over its w's, feature by feature:
/// x_li = w_li / √(mean over l of w_li² + 1e-8). Where all w's of a level are one w, as those of a seed are, that leaves
/// the sign of each feature.
///
/// One thread uses an object. Nothing is allocated for the layers when they run.
public final class MapperNetwork {
    /// A tensor of the mapper, and its gradient as the last `gradients(ofStep:)` left it.
    struct Parameter {
        let values, gradient: Activations

        init(_ tensor: Tensor) throws {
            let rows = tensor.shape.rank == 2 ? tensor.shape[0] : 1
            values = try Activations(tensor.reshaped(to: Shape([rows, tensor.count / rows])))
            gradient = try Activations(rows: values.rows, width: values.width)
        }
    }

    /// A level's layers and what is kept of a run.
    private struct Level {
        let level: MapperLevel
        /// Its w's of w+.
        let latents: Range<Int>
        /// Layer by layer, weights `[d, d]` and bias `[1, d]`.
        let weights, biases: [Parameter]
        /// All of its layers have one shape.
        let layer: EqualizedLinear
        /// What goes into the first layer, and what comes out of each: `[N · latents, d]`.
        let maps: [Activations]
        /// ȳ and x̄ of a layer, by turns.
        let gradients: [Activations]
    }

    /// N, the faces that go through at once.
    public let samples: Int
    private let latentCount, wDimension: Int
    private let levels: [Level]

    /// In the order of `LatentMapper.tensors`.
    let parameters: [Parameter]

    /// - Parameter samples: N, from 1 on.
    /// - Throws: `NeuralLayerError`, `ShapeError` where memory cannot hold it.
    public init(_ mapper: LatentMapper, samples: Int) throws {
        self.samples = samples
        (latentCount, wDimension) = (mapper.latentCount, mapper.wDimension)
        let (count, width) = (latentCount, wDimension)
        levels = try mapper.levels.map { level in
            let latents = level.level.latents(of: count)
            let rows = samples * latents.count
            return Level(
                level: level.level, latents: latents, weights: try level.weights.map(Parameter.init),
                biases: try level.biases.map(Parameter.init),
                layer: try EqualizedLinear(
                    rows: rows, inputs: width, outputs: width, multiplier: LatentMapper.multiplier),
                maps: try (0...LatentMapper.depth).map { _ in try Activations(rows: rows, width: width) },
                gradients: try (0..<2).map { _ in try Activations(rows: rows, width: width) })
        }
        parameters = levels.flatMap { zip($0.weights, $0.biases).flatMap { [$0, $1] } }
    }

    /// The weights as they are now.
    public var mapper: LatentMapper {
        LatentMapper(
            latentCount: latentCount, wDimension: wDimension,
            levels: levels.map { level in
                LatentMapper.Level(
                    level: level.level, weights: level.weights.map { $0.values.tensor() },
                    biases: level.biases.map { Tensor(Array($0.values.elements)) })
            })
    }

    /// The step of every face: w+ `[N, L, d]` → 0.1 · M(w), `[N, L, d]`.
    /// - Throws: `ShapeError` where the latents have another shape, `NeuralLayerError`.
    public func callAsFunction(_ latents: Tensor) throws -> Tensor {
        try latents.requireShape(shape, of: "w+")
        var step = Tensor(zeros: latents.shape)
        for level in levels {
            normalise(latents, into: level)
            for layer in 0..<LatentMapper.depth {
                try level.layer(
                    level.maps[layer], weights: level.weights[layer].values, bias: level.biases[layer].values,
                    into: level.maps[layer + 1])
            }
            let result = level.maps[LatentMapper.depth].elements
            step.withUnsafeMutableValues { step in
                forEachFace(of: level) { places, rows in
                    for (place, row) in zip(places, rows) {
                        step[place] = LatentMapper.stepSize * result[row]
                    }
                }
            }
        }
        return step
    }

    /// The vector-Jacobian product with respect to the weights at the last run, into `parameters`.
    /// - Parameter gradient: of the steps, `[N, L, d]`.
    /// - Throws: `ShapeError` where the gradient has another shape, `NeuralLayerError`.
    func gradients(ofStep gradient: Tensor) throws {
        try gradient.requireShape(shape, of: "the gradient of a mapper's step")
        for level in levels {
            let last = level.gradients[LatentMapper.depth % 2].elements
            gradient.withUnsafeValues { gradient in
                forEachFace(of: level) { places, rows in
                    for (place, row) in zip(places, rows) {
                        last[row] = LatentMapper.stepSize * gradient[place]
                    }
                }
            }
            for layer in (0..<LatentMapper.depth).reversed() {
                try level.layer.gradients(
                    of: level.gradients[(layer + 1) % 2], input: level.maps[layer],
                    output: level.maps[layer + 1], weights: level.weights[layer].values,
                    ofWeights: level.weights[layer].gradient, ofBias: level.biases[layer].gradient,
                    ofInput: layer > 0 ? level.gradients[layer % 2] : nil)
            }
        }
    }

    private var shape: Shape {
        get throws(ShapeError) { try Shape([samples, latentCount, wDimension]) }
    }

    /// Where a face's numbers of a level are, in w+ of all faces and in the level's maps.
    private func forEachFace(of level: Level, _ body: (_ places: Range<Int>, _ rows: Range<Int>) -> Void) {
        let count = level.latents.count * wDimension
        for face in 0..<samples {
            let place = (face * latentCount + level.latents.lowerBound) * wDimension
            body(place..<place + count, face * count..<(face + 1) * count)
        }
    }

    private func normalise(_ latents: Tensor, into level: Level) {
        let (width, x) = (wDimension, level.maps[0].elements)
        latents.withUnsafeValues { latents in
            forEachFace(of: level) { places, rows in
                for i in 0..<width {
                    var squares: Float = 0
                    for place in stride(from: places.lowerBound + i, to: places.upperBound, by: width) {
                        squares += latents[place] * latents[place]
                    }
                    let scale = 1 / (squares / Float(level.latents.count) + 1e-8).squareRoot()
                    for offset in stride(from: i, to: places.count, by: width) {
                        x[rows.lowerBound + offset] = latents[places.lowerBound + offset] * scale
                    }
                }
            }
        }
    }
}
