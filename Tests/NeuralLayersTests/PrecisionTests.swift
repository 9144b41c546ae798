import CBFloat16
import Tensors
import Testing

@testable import NeuralLayers

@Suite struct PrecisionTests {
    init() { Threads.limit(to: 1) }

    @Test func numbersRoundToTheNearestTiesToEven() {
        // A step of bfloat16 above 1 is 2⁻⁷.
        let numbers: [(Float, Float)] = [
            (1, 1), (-2.5, -2.5), (1 + 0x1p-8, 1), (1 + 0x3p-8, 1 + 0x1p-6), (1 + 0x1.01p-8, 1 + 0x1p-7),
            (-1 - 0x1p-8, -1), (0x1.fffffep127, .infinity), (-.infinity, -.infinity), (0, 0),
        ]
        for (number, expected) in numbers {
            let rounded = bfloat16_round(SIMD16(repeating: number))
            #expect(Float(bitPattern: UInt32(rounded[7]) << 16) == expected)
        }
        for bits in [0x7f80_0001, 0xffff_ffff] as [UInt32] {
            let rounded = bfloat16_round(SIMD16(repeating: Float(bitPattern: bits)))
            #expect(Float(bitPattern: UInt32(rounded[0]) << 16).isNaN)
        }
    }

    @Test(arguments: [false, true]) func aStyledLayerIsOffByTheRoundingOfItsFactors(isUp: Bool) throws {
        var random = NumPyRandomState(seed: 7)
        let input: Shape = [2, 70, 9, 14]
        let map = try FeatureMap(input, layout: .blocked(16))
        try map.write(Tensor(random.gaussians(input.count), shape: input))
        let weights = try Tensor(random.gaussians(40 * 70 * 9).map { $0 / 25 }, shape: [40, 70, 3, 3])
        let styles = ChannelVectors(rows: 2, channels: 70)
        for row in 0..<2 { styles.withRow(row) { for i in $0.indices { $0[i] = 1 } } }
        let results = try Precision.allCases.map { precision in
            let layer = try StyledConvolution(
                StyledWeights(weights, isUp: isUp, precision: precision), batch: 2, height: 9, width: 14)
            let output = try FeatureMap(layer.outputShape, layout: .blocked(16))
            try layer(
                map, styles: styles, demodulation: ChannelVectors(rows: 2, channels: 40), finish: nil,
                into: output)
            return output.tensor().values
        }
        let squares = results[0].reduce(Double(0)) { $0 + Double($1 * $1) }
        let errors = zip(results[0], results[1]).reduce(Double(0)) {
            $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
        }
        // Both factors are off by 2⁻⁹ at most, 2⁻⁹/√3 on average; Winograd's transforms widen it threefold at most.
        let error = (errors / squares).squareRoot()
        #expect(error > 0x1p-10 && error < 3 * 0x1p-8)
    }
}
