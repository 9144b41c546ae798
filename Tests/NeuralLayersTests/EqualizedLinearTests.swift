import Tensors
import TestSupport
import Testing

@testable import NeuralLayers

/// Widths that fill no block, and rows of one.
@Suite struct EqualizedLinearTests {
    private static func gaussians(_ random: inout NumPyRandomState, _ rows: Int, _ width: Int) throws
        -> Activations
    {
        try Activations(Tensor(random.gaussians(rows * width), shape: Shape([rows, width])))
    }

    @Test(arguments: [(7, 33, 17), (1, 3, 5), (8, 64, 64)])
    func itIsItsFormula(rows: Int, inputs: Int, outputs: Int) throws {
        Threads.limit(to: 1)
        var random = NumPyRandomState(seed: 11)
        let (x, w) = try (Self.gaussians(&random, rows, inputs), Self.gaussians(&random, outputs, inputs))
        let (b, y) = try (Self.gaussians(&random, 1, outputs), Activations(rows: rows, width: outputs))
        try EqualizedLinear(rows: rows, inputs: inputs, outputs: outputs, multiplier: 0.5)(
            x, weights: w, bias: b, into: y)
        for row in 0..<rows {
            for o in 0..<outputs {
                let sum = zip(x[row: row], w[row: o]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                let value = 0.5 / Double(inputs).squareRoot() * sum + 0.5 * Double(b.elements[o])
                let expected = (value > 0 ? value : 0.2 * value) * 2.0.squareRoot()
                #expect(abs(Double(y[row: row][o]) - expected) < 1e-5)
            }
        }
    }

    @Test(arguments: [(7, 33, 17), (1, 3, 5), (8, 64, 64)])
    func itsGradientsAreItsDifferences(rows: Int, inputs: Int, outputs: Int) throws {
        Threads.limit(to: 1)
        var random = NumPyRandomState(seed: 12)
        let (x, w) = try (Self.gaussians(&random, rows, inputs), Self.gaussians(&random, outputs, inputs))
        let (b, y) = try (Self.gaussians(&random, 1, outputs), Activations(rows: rows, width: outputs))
        // Far above a unit's corner or far below it, the layer is linear: a large step makes no error of its own.
        for o in 0..<outputs { b.elements[o] = o.isMultiple(of: 2) ? 20 : -20 }
        let cotangent = try Self.gaussians(&random, rows, outputs)
        let given = Array(cotangent.elements)
        let layer = try EqualizedLinear(rows: rows, inputs: inputs, outputs: outputs, multiplier: 0.5)
        try layer(x, weights: w, bias: b, into: y)
        let ofWeights = try Activations(rows: outputs, width: inputs)
        let (ofBias, ofInput) = try (
            Activations(rows: 1, width: outputs), Activations(rows: rows, width: inputs)
        )
        try layer.gradients(
            of: cotangent, input: x, output: y, weights: w, ofWeights: ofWeights, ofBias: ofBias,
            ofInput: ofInput)

        for (place, gradient) in [(x, ofInput), (w, ofWeights), (b, ofBias)] {
            let values = Array(place.elements)
            let error = try CentralDifferences.error(
                at: values, outputGradient: given, gradient: Array(gradient.elements), step: 1
            ) { changed in
                _ = place.elements.update(fromContentsOf: changed)
                defer { _ = place.elements.update(fromContentsOf: values) }
                let result = try Activations(rows: rows, width: outputs)
                try layer(x, weights: w, bias: b, into: result)
                return Array(result.elements)
            }
            #expect(error < 1e-4)
        }
    }

    @Test func aShapeThatDoesNotFitIsRefused() throws {
        #expect(throws: NeuralLayerError.self) {
            try EqualizedLinear(rows: 0, inputs: 1, outputs: 1, multiplier: 1)
        }
        let layer = try EqualizedLinear(rows: 2, inputs: 3, outputs: 4, multiplier: 1)
        let maps = try (3...4).map { try Activations(rows: 2, width: $0) }
        #expect(throws: NeuralLayerError.self) {
            try layer(
                maps[0], weights: Activations(rows: 3, width: 3), bias: Activations(rows: 1, width: 4),
                into: maps[1])
        }
    }
}
