import Checkpoints
import Tensors

/// z → w: a normalised latent through fully connected layers (StyleGAN2, figure 2; NVIDIA's `MappingNetwork`).
///
/// In a class-conditional network the class's embedding, normalised as well, stands behind the latent.
public struct MappingNetwork: Sendable {
    /// The learning-rate multiplier that the layers' weights and biases are stored without.
    private static let multiplier: Float = 0.01
    /// The latents behind a mean latent that a file leaves out; rosinality's `generate.py` takes as many.
    private static let meanSamples = 4096

    private let layers: [DenseLayer]
    /// The embedding of the class: `[E]`, empty where there are none.
    private let label: [Float]
    /// The mean latent w̄: `[w_dim]`.
    public private(set) var meanLatent: [Float]
    public let zDimension: Int
    public let wDimension: Int

    /// - Parameter classIndex: The class of all pictures; nil for a generator that knows none.
    init(
        _ weights: GeneratorWeights, _ configuration: GeneratorConfiguration, classIndex: Int?
    ) throws(GeneratorError) {
        zDimension = configuration.zDimension
        wDimension = configuration.wDimension
        label = try Self.label(weights, configuration, classIndex)
        var layers: [DenseLayer] = []
        var width = configuration.zDimension + label.count
        for index in 0..<configuration.mappingDepth {
            let part = "mapping.fc\(index)"
            let isLast = index == configuration.mappingDepth - 1
            let found = weights.shape(of: part + ".weight", rank: 2)
            let outputs = isLast ? wDimension : (found?.rank == 2 ? found?[0] ?? 0 : 0)
            layers.append(
                DenseLayer(
                    weights: try weights.tensor(part + ".weight", [outputs, width]),
                    gain: Self.multiplier / Float(width).squareRoot(),
                    bias: try weights.tensor(part + ".bias", [outputs]), biasGain: Self.multiplier))
            width = outputs
        }
        self.layers = layers
        meanLatent = []
        if let stored = try storedMean(weights) {
            meanLatent = stored
        } else {
            meanLatent = try sampledMean()
        }
    }

    /// z `[N, z_dim]` → w `[N, w_dim]`.
    /// - Throws: `GeneratorError.shape` where z has another width.
    public func callAsFunction(_ z: Tensor) throws(GeneratorError) -> Tensor {
        let count = z.shape.rank > 0 ? z.shape[0] : 0
        let expected = try shaping { () throws(ShapeError) in try Shape([count, zDimension]) }
        try shaping { () throws(ShapeError) in try z.requireShape(expected, of: "z") }
        var x = try input(z, count)
        for layer in layers { x = try apply(layer, to: x) }
        return x
    }

    /// y = √2 · lrelu(W x + b)
    private func apply(_ layer: DenseLayer, to x: Tensor) throws(GeneratorError) -> Tensor {
        let count = x.shape[0]
        var y = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([count, layer.outputs]) })
        x.withUnsafeValues { input in
            y.withUnsafeMutableValues { output in
                layer(
                    input, inputStride: layer.inputs, into: output, outputStride: layer.outputs, rows: count)
                for i in output.indices {
                    output[i] = max(output[i], 0.2 * output[i]) * Float(2).squareRoot()
                }
            }
        }
        return y
    }

    /// What the first layer takes: the normalised latent, then the class's embedding: `[N, z_dim + E]`.
    private func input(_ z: Tensor, _ count: Int) throws(GeneratorError) -> Tensor {
        let width = zDimension + label.count
        var x = Tensor(zeros: try shaping { () throws(ShapeError) in try Shape([count, width]) })
        z.withUnsafeValues { z in
            x.withUnsafeMutableValues { x in
                for row in 0..<count {
                    let latent = UnsafeMutableBufferPointer(
                        rebasing: x[row * width..<row * width + zDimension])
                    _ = latent.update(fromContentsOf: z[row * zDimension..<(row + 1) * zDimension])
                    Self.normalise(latent)
                    for i in label.indices { x[row * width + zDimension + i] = label[i] }
                }
            }
        }
        return x
    }

    /// Second-moment normalisation: x / √(mean(x²) + 1e-8).
    private static func normalise(_ values: UnsafeMutableBufferPointer<Float>) {
        var sum: Float = 0
        for value in values { sum += value * value }
        let scale = 1 / (sum / Float(values.count) + 1e-8).squareRoot()
        for i in values.indices { values[i] *= scale }
    }

    // MARK: Gradients

    /// The vector-Jacobian product: the gradient of z, `[N, z_dim]`, from that of w.
    /// - Parameters:
    ///   - z: `[N, z_dim]`
    ///   - gradients: w̄, `[N, w_dim]`
    /// - Throws: `GeneratorError.shape` where z or the gradients have another shape.
    public func gradients(of z: Tensor, w gradients: Tensor) throws(GeneratorError) -> Tensor {
        let count = z.shape.rank > 0 ? z.shape[0] : 0
        try shaping { () throws(ShapeError) in
            try z.requireShape(Shape([count, zDimension]), of: "z")
            try gradients.requireShape(Shape([count, wDimension]), of: "the gradient of w")
        }
        var outputs = [try input(z, count)]
        for layer in layers { outputs.append(try apply(layer, to: outputs[outputs.count - 1])) }
        var gradient = gradients
        for (layer, output) in zip(layers, outputs.dropFirst()).reversed() {
            // y = √2 · lrelu(v): its sign is v's.
            gradient.withUnsafeMutableValues { gradient in
                for i in gradient.indices { gradient[i] *= (output[i] < 0 ? 0.2 : 1) * Float(2).squareRoot() }
            }
            var before = Tensor(
                zeros: try shaping { () throws(ShapeError) in try Shape([count, layer.inputs]) })
            gradient.withUnsafeValues { gradient in
                before.withUnsafeMutableValues { before in
                    layer.addGradient(
                        gradient, outputStride: layer.outputs, to: before, inputStride: layer.inputs,
                        rows: count)
                }
            }
            gradient = before
        }
        return throughNormalisation(gradient, of: z, outputs[0])
    }

    /// z̄ = r (ȳ − y mean(ȳ ⊙ y)) with y = r z, row by row; a class's embedding, which stands behind y, has no part in it.
    private func throughNormalisation(_ gradient: Tensor, of z: Tensor, _ y: Tensor) -> Tensor {
        let width = zDimension + label.count
        var result = z
        result.withUnsafeMutableValues { result in
            for row in 0..<z.shape[0] {
                let (first, start) = (row * zDimension, row * width)
                var (squares, along): (Float, Float) = (0, 0)
                for i in 0..<zDimension {
                    squares += z[first + i] * z[first + i]
                    along += gradient[start + i] * y[start + i]
                }
                let scale = 1 / (squares / Float(zDimension) + 1e-8).squareRoot()
                along /= Float(zDimension)
                for i in 0..<zDimension {
                    result[first + i] = scale * (gradient[start + i] - y[start + i] * along)
                }
            }
        }
        return result
    }

    // MARK: Classes

    private static func label(
        _ weights: GeneratorWeights, _ configuration: GeneratorConfiguration, _ classIndex: Int?
    ) throws(GeneratorError) -> [Float] {
        let count = configuration.classCount
        let path = weights.checkpoint.path
        guard count > 0 else {
            if classIndex != nil { throw .noClasses(path: path) }
            return []
        }
        guard let classIndex, (0..<count).contains(classIndex) else {
            throw .classNeeded(path: path, found: classIndex, count: count)
        }
        let extent = (weights.shape(of: "mapping.fc0.weight", rank: 2)?[1] ?? 0) - configuration.zDimension
        let embedding = try weights.tensor("mapping.embed.weight", [extent, count])
        let bias = try weights.tensor("mapping.embed.bias", [extent])
        // Of a one-hot vector only one column is left.
        let gain = 1 / Float(count).squareRoot()
        var label = (0..<extent).map { embedding[$0 * count + classIndex] * gain + bias[$0] }
        label.withUnsafeMutableBufferPointer { normalise($0) }
        return label
    }

    // MARK: The mean latent

    private func storedMean(_ weights: GeneratorWeights) throws(GeneratorError) -> [Float]? {
        let part = "mapping.w_avg"
        // rosinality's training leaves it out; his conversions have it.
        if case .rosinality = weights.layout, !weights.contains(part) { return nil }
        // Published encoders keep it once for every w of w+.
        let name = weights.name(of: part)
        if let shape = weights.checkpoint.shape(of: name), shape.rank == 2, shape[0] > 1,
            shape[1] == wDimension
        {
            let rows = try reading { () throws(CheckpointError) in try weights.checkpoint.tensor(name) }
            return Array(rows.values.prefix(wDimension))
        }
        return try weights.tensor(part, [wDimension]).values
    }

    /// The mean of w over many latents, of a fixed seed so that it is the same whenever the file is opened.
    private func sampledMean() throws(GeneratorError) -> [Float] {
        var random = NumPyRandomState(seed: 0)
        var sums = [Double](repeating: 0, count: wDimension)
        let block = 256
        for _ in 0..<Self.meanSamples / block {
            let z = try shaping { () throws(ShapeError) in
                try Tensor(random.gaussians(block * zDimension), shape: Shape([block, zDimension]))
            }
            let w = try self(z)
            w.withUnsafeValues { w in
                for i in w.indices { sums[i % wDimension] += Double(w[i]) }
            }
        }
        return sums.map { Float($0 / Double(Self.meanSamples)) }
    }
}
