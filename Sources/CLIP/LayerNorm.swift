import Checkpoints
import Tensors

/// (x − mean) / √(variance + 1e-5) · γ + β, row by row.
struct LayerNorm: Sendable {
    private let gamma: Tensor
    private let beta: Tensor
    var width: Int { gamma.count }

    init(_ checkpoint: Checkpoint, _ name: String, width: Int) throws(CLIPError) {
        gamma = try reading { () throws(CheckpointError) in
            try checkpoint.tensor(name + ".weight", shape: [width])
        }
        beta = try reading { () throws(CheckpointError) in
            try checkpoint.tensor(name + ".bias", shape: [width])
        }
    }

    /// Rows `stride` apart in, rows side by side out; both must hold `rows`.
    func callAsFunction(
        _ input: UnsafePointer<Float>, stride: Int, into output: UnsafeMutablePointer<Float>, rows: Int
    ) {
        let width = width
        gamma.withUnsafeValues { gamma in
            beta.withUnsafeValues { beta in
                for row in 0..<rows {
                    let x = input + row * stride
                    let y = output + row * width
                    var sum: Float = 0
                    for i in 0..<width { sum += x[i] }
                    let mean = sum / Float(width)
                    var squares: Float = 0
                    for i in 0..<width { squares += (x[i] - mean) * (x[i] - mean) }
                    let scale = 1 / (squares / Float(width) + 1e-5).squareRoot()
                    for i in 0..<width { y[i] = (x[i] - mean) * scale * gamma[i] + beta[i] }
                }
            }
        }
    }
}
