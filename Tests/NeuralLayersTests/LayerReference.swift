import Foundation
import Tensors
import Testing

@testable import NeuralLayers

/// What PyTorch and Pillow compute for seeded inputs: `Tools/Fixtures/make_transformer_layers.py` writes it.
struct LayerReference: Decodable, Sendable, CustomTestStringConvertible {
    enum Kind: String, Decodable, CaseIterable {
        case linear, norm, attention, causal, bicubic
    }

    let kind: Kind
    /// The extents, in the script's order.
    let sizes: [Int]
    let activation: String?
    let seed: UInt32
    /// Every `every`-th value of the output is kept.
    let every: Int
    let values: [Float]

    var testDescription: String { "\(kind) \(sizes) \(activation ?? "")" }

    /// The largest distance to the values kept.
    func distance(of output: Tensor) -> Float {
        zip(values, stride(from: 0, to: output.count, by: every)).map { abs($0 - output[$1]) }.max()
            ?? .infinity
    }

    static func all(_ kind: Kind) -> [LayerReference] {
        struct File: Decodable { let cases: [LayerReference] }
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/transformer_layers.json")
        // An unreadable file leaves no cases, which `referencesArePresent` reports.
        guard let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.cases.filter { $0.kind == kind }
    }
}
