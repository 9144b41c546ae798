import Tensors
import Testing

@testable import NeuralLayers

/// Against PyTorch in float64 and Pillow; what differs is float32's rounding in sums of up to 130 products near 1.
@Suite struct TransformerLayerTests {
    @Test(arguments: LayerReference.Kind.allCases) func referencesArePresent(kind: LayerReference.Kind) {
        #expect(LayerReference.all(kind).count >= 3)
    }

    private static func gaussians(_ random: inout NumPyRandomState, _ shape: Shape) throws -> Tensor {
        try Tensor(random.gaussians(shape.count), shape: shape)
    }

    @Test(arguments: LayerReference.all(.linear)) func linearAgreesWithPyTorch(reference: LayerReference)
        throws
    {
        let (rows, inputs, outputs) = (reference.sizes[0], reference.sizes[1], reference.sizes[2])
        var random = NumPyRandomState(seed: reference.seed)
        let x = try Activations(Self.gaussians(&random, [rows, inputs]))
        let weights = try Self.gaussians(&random, [outputs, inputs])
        let bias = try Self.gaussians(&random, [outputs])
        let activation = try #require(reference.activation.flatMap(ActivationFunction.init))
        let linear = try Linear(LinearWeights(weights, bias: bias, rows: rows, activation: activation))
        let y = try Activations(rows: rows, width: outputs)
        try linear(x, into: y)
        #expect(reference.distance(of: y.tensor()) < 3e-5)
        let inPlace = try InPlaceLinear(
            rows: rows, inputs: inputs, outputs: outputs, activation: activation)
        try inPlace(x, InPlaceLinear.Part(weights, bias: bias), into: y)
        #expect(reference.distance(of: y.tensor()) < 3e-5)
    }

    @Test func partsOfALayerAreWrittenSideBySide() throws {
        var random = NumPyRandomState(seed: 10)
        let (rows, inputs, outputs) = (5, 11, 7)
        let x = try Activations(Self.gaussians(&random, [rows, inputs]))
        let weights = try Self.gaussians(&random, [outputs, inputs])
        let bias = try Self.gaussians(&random, [outputs])
        let whole = try Activations(rows: rows, width: outputs)
        try Linear(LinearWeights(weights, bias: bias, rows: rows))(x, into: whole)
        let before = try Self.gaussians(&random, [rows + 1, outputs])
        // As a file in half precision gives them: row by row.
        let stored = try StoredMatrix(shape: weights.shape) { rows, target in
            weights.withUnsafeValues {
                _ = target.update(fromContentsOf: $0[rows.lowerBound * inputs..<rows.upperBound * inputs])
            }
        }
        for (isAdding, matrix) in [
            (false, try StoredMatrix(weights)), (true, try StoredMatrix(weights)), (true, stored),
        ] {
            let parts = try Activations(before)
            for range in [0..<3, 3..<7] {
                let layer = try InPlaceLinear(
                    rows: rows, inputs: inputs, outputs: range.count, stride: outputs, isAdding: isAdding)
                let part = try InPlaceLinear.Part(matrix, bias: bias, outputs: range)
                try layer(x, part, into: parts, row: 1, column: range.lowerBound)
            }
            for i in 0..<parts.elements.count {
                let product = i < outputs ? before[i] : whole.elements[i - outputs]
                let expected = isAdding && i >= outputs ? before[i] + product : product
                #expect(abs(parts.elements[i] - expected) < 1e-5)
            }
        }
        #expect(throws: NeuralLayerError.self) { try InPlaceLinear.Part(weights, bias: bias, outputs: 3..<8) }
        let part = try InPlaceLinear.Part(weights, bias: bias)
        let narrow = try InPlaceLinear(rows: rows, inputs: inputs, outputs: 3)
        #expect(throws: NeuralLayerError.self) { try narrow(x, part, into: whole) }
    }

    @Test func aResidualLinearAddsAtItsRows() throws {
        var random = NumPyRandomState(seed: 9)
        let x = try Activations(Self.gaussians(&random, [6, 10]))
        let weights = try Self.gaussians(&random, [7, 10])
        let bias = try Self.gaussians(&random, [7])
        let alone = try Activations(rows: 2, width: 7)
        try Linear(LinearWeights(weights, bias: bias, rows: 2))(x, row: 3, into: alone)
        let before = try Self.gaussians(&random, [5, 7])
        let sum = try Activations(before)
        try Linear(LinearWeights(weights, bias: bias, rows: 2, isAdding: true))(
            x, row: 3, into: sum, outputRow: 1)
        for i in 0..<35 {
            let added = (7..<21).contains(i) ? alone.elements[i - 7] : 0
            #expect(abs(sum.elements[i] - before[i] - added) < 1e-5)
        }
    }

    @Test(arguments: LayerReference.all(.norm)) func normAgreesWithPyTorch(reference: LayerReference) throws {
        let (rows, width) = (reference.sizes[0], reference.sizes[1])
        var random = NumPyRandomState(seed: reference.seed)
        let x = try Activations(Self.gaussians(&random, [rows, width]))
        for i in 0..<x.elements.count { x.elements[i] = x.elements[i] * 3 + 5 }
        let gain = try Self.gaussians(&random, [width])
        let bias = try Self.gaussians(&random, [width])
        let y = try Activations(rows: rows, width: width)
        try LayerNorm(gain: gain, bias: bias, rows: rows)(x, into: y)
        #expect(reference.distance(of: y.tensor()) < 2e-5)
    }

    @Test(arguments: LayerReference.all(.attention))
    func attentionAgreesWithPyTorch(reference: LayerReference) throws {
        let sizes = reference.sizes
        let (sequences, queries, keys, width) = (sizes[0], sizes[1], sizes[2], sizes[3] * sizes[4])
        var random = NumPyRandomState(seed: reference.seed)
        let q = try Activations(Self.gaussians(&random, [sequences * queries, width]))
        let keysAndValues = try Activations(Self.gaussians(&random, [sequences * keys, 2 * width]))
        let attention = try Attention(
            sequences: sequences, queries: queries, keys: keys, heads: sizes[3], headWidth: sizes[4])
        let result = try Activations(rows: sequences * queries, width: width)
        try attention(queries: q, keysAndValues: keysAndValues, into: result)
        #expect(reference.distance(of: result.tensor()) < 1e-5)
    }

    /// Bits of a NaN to which an exponent can be added so that they become a number.
    @Test(arguments: [0x7fc0_0001, 0xffff_ffff] as [UInt32]) func aNaNStaysOne(bits: UInt32) throws {
        var numbers = SIMD16<Float>(repeating: 1)
        numbers[5] = Float(bitPattern: bits)
        let powers = numbers.exponential()
        for lane in 0..<16 {
            #expect(lane == 5 ? powers[lane].isNaN : abs(powers[lane] - 2.718_281_8) < 1e-6)
        }

        var random = NumPyRandomState(seed: 3)
        let (queries, keys, width) = (2, 5, 16)
        let q = try Activations(Self.gaussians(&random, [queries, width]))
        var values = try Self.gaussians(&random, [keys, 2 * width])
        // One number of one key: every query of its head asks for it.
        values[3 * 2 * width + 1] = Float(bitPattern: bits)
        let result = try Activations(rows: queries, width: width)
        try Attention(sequences: 1, queries: queries, keys: keys, heads: 2, headWidth: 8)(
            queries: q, keysAndValues: Activations(values), into: result)
        for row in 0..<queries {
            for column in 0..<width { #expect(result[row: row][column].isNaN == (column < 8)) }
        }
    }

    @Test(arguments: LayerReference.all(.causal))
    func aChainInATreeIsCausalAttention(reference: LayerReference) throws {
        let (rows, heads, headWidth) = (reference.sizes[0], reference.sizes[1], reference.sizes[2])
        var random = NumPyRandomState(seed: reference.seed)
        let q = try Activations(Self.gaussians(&random, [rows, heads * headWidth]))
        let keysAndValues = try Activations(Self.gaussians(&random, [rows, 2 * heads * headWidth]))
        let result = try Activations(rows: rows, width: heads * headWidth)
        try TreeAttention(heads: heads, headWidth: headWidth)(
            queries: q, keysAndValues: keysAndValues, rows: 0..<rows, parents: Array(-1..<rows - 1),
            into: result)
        #expect(reference.distance(of: result.tensor()) < 1e-5)
    }

    @Test func aTreesRowSeesItsOwnPathOnly() throws {
        var random = NumPyRandomState(seed: 4)
        let q = try Activations(Self.gaussians(&random, [5, 6]))
        let keysAndValues = try Activations(Self.gaussians(&random, [5, 12]))
        let attention = try TreeAttention(heads: 2, headWidth: 3)
        let result = try Activations(rows: 5, width: 6)
        // 0 ─ 1 ─ 3 and 0 ─ 2 ─ 4
        attention(
            queries: q, keysAndValues: keysAndValues, rows: 0..<5, parents: [-1, 0, 0, 1, 2], into: result)
        let before = Array(result[row: 3])
        for row in [2, 4] { keysAndValues[row: row].update(repeating: .nan) }
        attention(
            queries: q, keysAndValues: keysAndValues, rows: 0..<5, parents: [-1, 0, 0, 1, 2], into: result)
        #expect(Array(result[row: 3]) == before)
        #expect(result[row: 4][0].isNaN)
    }

    @Test(arguments: LayerReference.all(.bicubic)) func resizingIsPillows(reference: LayerReference) throws {
        let sizes = reference.sizes
        var random = NumPyRandomState(seed: reference.seed)
        // Two planes, of which the second is the reference's.
        let plane = random.gaussians(sizes[0] * sizes[1])
        let resize = try BicubicResize(
            inputHeight: sizes[0], inputWidth: sizes[1], outputHeight: sizes[2], outputWidth: sizes[3])
        let count = sizes[2] * sizes[3]
        var output = [Float](repeating: 0, count: 2 * count)
        let planes = [Float](repeating: 1, count: plane.count) + plane
        planes.withUnsafeBufferPointer { planes in
            output.withUnsafeMutableBufferPointer { resize(planes, into: $0, planes: 2) }
        }
        #expect(output[..<count].allSatisfy { abs($0 - 1) < 1e-5 })
        #expect(reference.distance(of: Tensor(Array(output[count...]))) < 1e-5)
    }

    @Test func extentsThatMakeNoLayerAreRefused() {
        #expect(throws: NeuralLayerError.self) {
            try BicubicResize(inputHeight: 0, inputWidth: 3, outputHeight: 2, outputWidth: 2)
        }
        #expect(throws: NeuralLayerError.self) {
            try BicubicResize(inputHeight: 3, inputWidth: 3, outputHeight: 2, outputWidth: .max)
        }
        #expect(throws: NeuralLayerError.self) {
            try Attention(sequences: 1, queries: 0, keys: 1, heads: 1, headWidth: 1)
        }
        #expect(throws: NeuralLayerError.self) { try TreeAttention(heads: 0, headWidth: 1) }
        #expect(throws: NeuralLayerError.self) { try Activations(rows: .max, width: 2) }
        #expect(throws: NeuralLayerError.self) {
            try LinearWeights(Tensor(zeros: [3, 2]), bias: Tensor(zeros: [2]), rows: 1)
        }
        #expect(throws: NeuralLayerError.self) {
            try LayerNorm(gain: Tensor(zeros: [3]), bias: Tensor(zeros: [2]), rows: 1)
        }
    }
}
