import Checkpoints
import NeuralLayers
import Tensors

/// y = x Wᵀ + b over rows.
struct Linear: Sendable {
    /// `[outputs, inputs]`
    private let weight: Tensor
    private let bias: Tensor
    let inputs: Int
    let outputs: Int

    init(
        _ checkpoint: Checkpoint, weight: String, bias: String, inputs: Int, outputs: Int
    ) throws(CLIPError) {
        let shape = try shaping { () throws(ShapeError) in try Shape([outputs, inputs]) }
        self.weight = try reading { () throws(CheckpointError) in try checkpoint.tensor(weight, shape: shape)
        }
        self.bias = try reading { () throws(CheckpointError) in try checkpoint.tensor(bias, shape: [outputs])
        }
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Rows side by side in and out; both must hold `rows`.
    func callAsFunction(
        _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, rows: Int
    ) throws(NeuralLayerError) {
        try weight.withUnsafeValues { (weight) throws(NeuralLayerError) in
            guard let start = weight.baseAddress else { return }
            try MatrixProduct.multiply(
                .init(input, rows: rows, columns: inputs), .init(start, rows: outputs, columns: inputs),
                into: output, stride: outputs)
        }
        bias.withUnsafeValues { bias in
            for row in 0..<rows {
                let y = output + row * outputs
                for i in 0..<outputs { y[i] += bias[i] }
            }
        }
    }
}
