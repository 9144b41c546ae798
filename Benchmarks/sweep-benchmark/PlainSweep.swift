import Checkpoints
import Foundation
import OtherPrograms
import Tensors

/// The released method's procedure, `baseline.py`, on given style codes.
struct PlainSweep {
    struct Result {
        let picturesPerSecond: Double
        let torch: String
        /// `[n, d]`
        let embeddings: Tensor
    }

    enum Outcome {
        case measured(Result)
        case skipped(reason: String)
    }

    private struct Report: Decodable {
        let picturesPerSecond: Double
        let torch: String
    }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("baseline.py").path

    /// Draws and embeds pictures of style codes `[n, C_total]`.
    func embeddings(of codes: Tensor, generator: String, clip: String, threads: Int) throws -> Outcome {
        guard ReferencePython.has("torch", "numpy", "safetensors") else {
            return .skipped(
                reason:
                    "\(ReferencePython.name) has no torch, numpy and safetensors; $PYTHON names one that has")
        }
        let base = FileManager.default.temporaryDirectory.path + "/plain-sweep-\(UUID().uuidString)"
        let (input, output) = (base + "-codes.safetensors", base + "-embeddings.safetensors")
        defer { for path in [input, output] { try? FileManager.default.removeItem(atPath: path) } }
        try SafetensorsFile.write(["codes": codes], path: input)
        let text = try ReferencePython.output([
            Self.script, "--generator", generator, "--clip", clip, "--threads", "\(threads)", "--codes",
            input,
            "--embeddings", output,
        ])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let report = try decoder.decode(Report.self, from: Data(text.utf8))
        return .measured(
            Result(
                picturesPerSecond: report.picturesPerSecond, torch: report.torch,
                embeddings: try Checkpoint.open(path: output).tensor("embeddings")))
    }
}
