import Foundation
import Tensors
import Testing

@testable import NeuralLayers

/// What PyTorch computes in float64 for seeded inputs: `Tools/Fixtures/make_convolutions.py` writes it.
struct ConvolutionReference: Decodable, Sendable, CustomTestStringConvertible {
    enum Kind: String, Decodable {
        case same, up, picture
    }

    let kind: Kind
    let batch, inputs, outputs, height, width, kernel: Int
    let seed: UInt32
    /// Every `every`-th value of the output is kept.
    let every: Int
    let values: [Float]

    var testDescription: String {
        "\(kind) \(batch)×\(inputs)→\(outputs) \(height)×\(width), kernel \(kernel)"
    }

    var shape: ConvolutionShape {
        ConvolutionShape(
            batch: batch, inputChannels: inputs, outputChannels: outputs, height: height, width: width,
            kernel: kernel)
    }

    /// The input `[N, I, H, W]` and the weights `[O, I, k, k]` from NumPy's stream, in the script's order.
    func arguments() throws -> (input: Tensor, weights: Tensor) {
        var random = NumPyRandomState(seed: seed)
        let input: Shape = [batch, inputs, height, width]
        let weights: Shape = [outputs, inputs, kernel, kernel]
        return (
            try Tensor(random.gaussians(input.count), shape: input),
            try Tensor(random.gaussians(weights.count).map { $0 / 16 }, shape: weights)
        )
    }

    /// The largest distance to PyTorch's values.
    func distance(of output: Tensor) -> Float {
        zip(values, stride(from: 0, to: output.count, by: every)).map { abs($0 - output[$1]) }.max()
            ?? .infinity
    }

    static func all(_ kind: Kind) -> [ConvolutionReference] {
        struct File: Decodable { let cases: [ConvolutionReference] }
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/convolutions.json")
        // An unreadable file leaves no cases, which `referencesArePresent` reports.
        guard let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.cases.filter { $0.kind == kind }
    }
}
