import AnimalFaces
import Foundation

/// The released method's procedure, `baseline.py`, run by a Python that has torch.
struct PlainProcedure {
    struct Result: Decodable {
        let picturesPerSecond: Double
        let torch: String
    }

    enum Outcome {
        case measured(Result)
        case skipped(reason: String)
    }

    /// A path, or a name to be looked for in $PATH.
    let python: String

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("baseline.py").path

    func measure(threads: Int) throws -> Outcome {
        guard FileManager.default.isReadableFile(atPath: Self.script) else {
            return .skipped(reason: "\(Self.script) is not there")
        }
        guard (try? run(["-c", "import torch, numpy, safetensors"])) != nil else {
            return .skipped(
                reason: "\(python) has no torch, numpy and safetensors; $PYTHON names one that has")
        }
        let text = try run([
            Self.script, "--generator", AnimalFaces.resource(.generator), "--clip",
            AnimalFaces.resource(.clip),
            "--threads", "\(threads)",
        ])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return .measured(try decoder.decode(Result.self, from: Data(text.utf8)))
    }

    private func run(_ arguments: [String]) throws -> String {
        try output(of: "/usr/bin/env", [python] + arguments)
    }
}
