import Tensors
import TestSupport
import Testing

@testable import NeuralLayers

/// Against central differences of the forward layers. In float32 a difference of values near v over a step h carries an
/// error of about 1e-7 v / h, and of a curved function one of about h²: with h = 1/64, some parts in 10⁴.
@Suite struct TransformerGradientTests {
    private static let step: Float = 1 / 64
    private static let tolerance = 2e-3

    private static func gaussians(_ random: inout NumPyRandomState, _ rows: Int, _ width: Int) throws
        -> Activations
    {
        try Activations(Tensor(random.gaussians(rows * width), shape: Shape([rows, width])))
    }

    @Test(arguments: [(7, 33, 17), (1, 3, 5), (40, 64, 96)])
    func aLinearLayersGradientsAreItsDifferences(rows: Int, inputs: Int, outputs: Int) throws {
        Threads.limit(to: 1)
        var random = NumPyRandomState(seed: 21)
        let x = try Self.gaussians(&random, rows, inputs)
        let weights = try Tensor(random.gaussians(outputs * inputs), shape: [outputs, inputs])
        let bias = Tensor(random.gaussians(outputs))
        let outputGradient = try Self.gaussians(&random, rows, outputs)
        let gradient = try Activations(rows: rows, width: inputs)
        try Linear(LinearWeights(gradientOf: weights, rows: rows))(outputGradient, into: gradient)
        let (ofWeights, ofBias) = try (
            Activations(rows: outputs, width: inputs), Activations(rows: 1, width: outputs)
        )
        try LinearWeightGradient(rows: rows, inputs: inputs, outputs: outputs)(
            input: x, outputGradient: outputGradient, weights: ofWeights, bias: ofBias)

        func run(_ x: [Float], _ weights: [Float], _ bias: [Float]) throws -> [Float] {
            let result = try Activations(rows: rows, width: outputs)
            let packed = try LinearWeights(
                Tensor(weights, shape: [outputs, inputs]), bias: Tensor(bias), rows: rows)
            try Linear(packed)(Activations(Tensor(x, shape: [rows, inputs])), into: result)
            return Array(result.elements)
        }
        let (values, gradients) = (Array(x.elements), Array(outputGradient.elements))
        // Linear in each of the three: a step of 1 makes no error of its own.
        #expect(
            try CentralDifferences.error(
                at: values, outputGradient: gradients, gradient: Array(gradient.elements), step: 1
            ) { try run($0, weights.values, bias.values) } < 1e-5)
        #expect(
            try CentralDifferences.error(
                at: weights.values, outputGradient: gradients, gradient: Array(ofWeights.elements), step: 1
            ) { try run(values, $0, bias.values) } < 1e-5)
        #expect(
            try CentralDifferences.error(
                at: bias.values, outputGradient: gradients, gradient: Array(ofBias.elements), step: 1
            ) { try run(values, weights.values, $0) } < 1e-5)
    }

    @Test(arguments: [(5, 17), (1, 3), (13, 64)])
    func aLayerNormsGradientIsItsDifferences(rows: Int, width: Int) throws {
        var random = NumPyRandomState(seed: 22)
        let x = try Self.gaussians(&random, rows, width)
        let (gain, bias) = (Tensor(random.gaussians(width)), Tensor(random.gaussians(width)))
        // Two gradients of every row.
        let outputGradient = try Self.gaussians(&random, 2 * rows, width)
        let gradient = try Activations(rows: 2 * rows, width: width)
        let layer = try LayerNormGradient(gain: gain, rows: rows)
        try layer.keep(x)
        try layer(outputGradient, into: gradient, count: 2 * rows)
        let norm = try LayerNorm(gain: gain, bias: bias, rows: rows)
        let result = try Activations(rows: rows, width: width)
        for half in [0..<rows * width, rows * width..<2 * rows * width] {
            let error = try CentralDifferences.error(
                at: Array(x.elements), outputGradient: Array(outputGradient.elements[half]),
                gradient: Array(gradient.elements[half]), step: Self.step / 4
            ) {
                try norm(Activations(Tensor($0, shape: [rows, width])), into: result)
                return Array(result.elements)
            }
            #expect(error < Self.tolerance)
        }
        let twice = try Activations(gradient.tensor())
        try layer(outputGradient, into: twice, count: 2 * rows, adding: true)
        #expect(zip(twice.elements, gradient.elements).allSatisfy { abs($0 - 2 * $1) <= abs($1) * 1e-6 })
    }

    struct Extents: CustomTestStringConvertible {
        let gradients, queries, keys, heads, headWidth: Int
        var testDescription: String { "\(gradients)×\(queries)→\(keys), \(heads) heads of \(headWidth)" }
    }

    @Test(arguments: [
        Extents(gradients: 3, queries: 5, keys: 5, heads: 2, headWidth: 7),
        Extents(gradients: 2, queries: 1, keys: 18, heads: 3, headWidth: 4),
        Extents(gradients: 1, queries: 33, keys: 33, heads: 1, headWidth: 20),
    ])
    func attentionsGradientsAreItsDifferences(extents: Extents) throws {
        Threads.limit(to: 1)
        let (n, queries, keys) = (extents.gradients, extents.queries, extents.keys)
        let width = extents.heads * extents.headWidth
        var random = NumPyRandomState(seed: 23)
        let q = try Self.gaussians(&random, queries, width)
        let keysAndValues = try Self.gaussians(&random, keys, 2 * width)
        let outputGradient = try Self.gaussians(&random, n * queries, width)
        let ofQueries = try Activations(rows: n * queries, width: width)
        let ofKeysAndValues = try Activations(rows: n * keys, width: 2 * width)
        let layer = try AttentionGradient(
            gradients: n, queries: queries, keys: keys, heads: extents.heads, headWidth: extents.headWidth)
        try layer.keep(queries: q, keysAndValues: keysAndValues)
        try layer(outputGradient, queries: ofQueries, keysAndValues: ofKeysAndValues)

        let attention = try Attention(
            sequences: 1, queries: queries, keys: keys, heads: extents.heads, headWidth: extents.headWidth)
        func run(_ q: [Float], _ keysAndValues: [Float]) throws -> [Float] {
            let result = try Activations(rows: queries, width: width)
            try attention(
                queries: Activations(Tensor(q, shape: [queries, width])),
                keysAndValues: Activations(Tensor(keysAndValues, shape: [keys, 2 * width])), into: result)
            return Array(result.elements)
        }
        for row in 0..<n {
            let gradient = outputGradient.elements[row * queries * width..<(row + 1) * queries * width]
            let forQueries = ofQueries.elements[row * queries * width..<(row + 1) * queries * width]
            let forKeys = ofKeysAndValues.elements[row * keys * 2 * width..<(row + 1) * keys * 2 * width]
            #expect(
                try CentralDifferences.error(
                    at: Array(q.elements), outputGradient: Array(gradient), gradient: Array(forQueries),
                    step: Self.step
                ) { try run($0, Array(keysAndValues.elements)) } < Self.tolerance)
            #expect(
                try CentralDifferences.error(
                    at: Array(keysAndValues.elements), outputGradient: Array(gradient),
                    gradient: Array(forKeys), step: Self.step
                ) { try run(Array(q.elements), $0) } < Self.tolerance)
        }
    }

    @Test(arguments: [ActivationFunction.identity, .gelu, .quickGELU])
    func anActivationsDerivativeIsItsDifferences(function: ActivationFunction) throws {
        var random = NumPyRandomState(seed: 24)
        let x = random.gaussians(101).map { 2 * $0 } + [-30, 30, 0]
        // Its values are those that the layers' kernels give.
        let one = try LinearWeights(Tensor([1], shape: [1, 1]), rows: x.count, activation: function)
        let result = try Activations(rows: x.count, width: 1)
        try Linear(one)(Activations(Tensor(x, shape: [x.count, 1])), into: result)
        for (i, value) in x.enumerated() {
            #expect(abs(function.value(at: value) - result.elements[i]) <= 1e-6 * max(1, abs(value)))
            let difference =
                (function.value(at: value + Self.step) - function.value(at: value - Self.step))
                / (2 * Self.step)
            #expect(abs(function.derivative(at: value) - difference) < 5e-4)
        }
    }

    @Test func wrongShapesAreRefused() throws {
        #expect(throws: NeuralLayerError.self) { try LinearWeights(gradientOf: Tensor([1, 2]), rows: 1) }
        #expect(throws: NeuralLayerError.self) { try LinearWeightGradient(rows: 0, inputs: 1, outputs: 1) }
        #expect(throws: NeuralLayerError.self) { try LayerNormGradient(gain: Tensor([1]), rows: 0) }
        #expect(throws: NeuralLayerError.self) {
            try AttentionGradient(gradients: 0, queries: 1, keys: 1, heads: 1, headWidth: 1)
        }
        let norm = try LayerNormGradient(gain: Tensor([1, 1]), rows: 2)
        #expect(throws: NeuralLayerError.self) { try norm.keep(Activations(rows: 1, width: 2)) }
        #expect(throws: NeuralLayerError.self) {
            try norm(Activations(rows: 4, width: 2), into: Activations(rows: 3, width: 2), count: 4)
        }
    }
}
