import Checkpoints
import NeuralLayers
import Tensors

/// A small network that reads a drawn face's parameters off its picture: it never saw a caption, and chose no
/// direction, so it can judge one.
///
/// Four times: 3×3 convolution at stride 2, batch normalisation (folded into the convolution), ReLU; then two dense
/// layers with a ReLU between. Weights are named as `torch.nn.Sequential` numbers them.
public final class FaceRegressor {
    /// The side of a picture in pixels.
    public static let side = 64
    /// The most pictures at once.
    public let batch: Int

    private let input: FeatureMap
    private var convolutions: [ReadingConvolution] = []
    private var dense: [ReadingConvolution] = []

    /// - Throws: `CheckpointError` where a weight is missing or misshapen, `NeuralLayerError` where oneDNN refuses.
    public init(checkpoint: Checkpoint, batch: Int) throws {
        self.batch = batch
        input = try FeatureMap([batch, 3, Self.side, Self.side])
        var (channels, side) = (3, Self.side)
        for first in [0, 3, 6, 9] {
            let folded = try FoldedWeights(checkpoint, convolution: "\(first)", normalisation: "\(first + 1)")
            convolutions.append(
                try ReadingConvolution(folded, batch: batch, inputChannels: channels, side: side, stride: 2))
            channels = folded.bias.count
            side /= 2
        }
        // A dense layer is a 1×1 convolution of one pixel; torch flattens [C, H, W] in that order.
        channels *= side * side
        for (index, name) in ["13", "15"].enumerated() {
            let weights = try FoldedWeights(checkpoint, dense: name, inputs: channels)
            dense.append(
                try ReadingConvolution(
                    weights, batch: batch, inputChannels: channels, side: 1, stride: 1, rectified: index == 0)
            )
            channels = weights.bias.count
        }
        guard channels == FaceParameters.count else {
            throw CheckpointError.mismatch(
                path: checkpoint.path, name: "15.bias", found: [channels], expected: [FaceParameters.count])
        }
    }

    /// Reads faces off any number of pictures `[N, 3, 64, 64]`, batch by batch.
    public func read(_ pictures: Tensor) throws -> [FaceParameters] {
        let size = 3 * Self.side * Self.side
        var faces: [FaceParameters] = []
        for first in stride(from: 0, to: pictures.shape[0], by: batch) {
            let count = min(batch, pictures.shape[0] - first)
            let part = try pictures.withUnsafeValues {
                try Tensor(
                    $0[first * size..<(first + count) * size], shape: [count, 3, Self.side, Self.side])
            }
            faces += try self(part)
        }
        return faces
    }

    /// Reads faces off pictures `[n, 3, 64, 64]` in −1…1, clamped to it, n ≤ batch.
    public func callAsFunction(_ pictures: Tensor) throws -> [FaceParameters] {
        let samples = pictures.shape.rank > 0 ? min(pictures.shape[0], batch) : 0
        try pictures.requireShape([samples, 3, Self.side, Self.side], of: "the pictures of faces")
        var filled = Tensor(zeros: input.shape)
        filled.withUnsafeMutableValues { filled in
            pictures.withUnsafeValues { pictures in
                for i in pictures.indices { filled[i] = max(-1, min(1, pictures[i])) }
            }
        }
        try input.write(filled)
        var map = input
        for convolution in convolutions { map = try convolution(map) }
        let features = map.tensor()  // [batch, 96, 4, 4]
        map = try FeatureMap(features.reshaped(to: [batch, features.count / batch, 1, 1]))
        for layer in dense { map = try layer(map) }
        let outputs = map.tensor().values
        return (0..<samples).map {
            FaceParameters(Array(outputs[$0 * FaceParameters.count..<($0 + 1) * FaceParameters.count]))
        }
    }
}

/// A convolution's weights with what follows it multiplied in.
private struct FoldedWeights {
    /// `[O, I, k, k]`
    let weights: Tensor
    /// `[O]`
    let bias: [Float]

    /// y = γ (conv(x) + b − μ) / √(σ² + ε) + β, ε = 1e-5 as torch has it.
    init(_ checkpoint: Checkpoint, convolution: String, normalisation: String) throws {
        var weights = try checkpoint.tensor(convolution + ".weight")
        guard weights.shape.rank == 4 else {
            throw ShapeError.mismatch(
                what: convolution + ".weight", found: weights.shape, expected: [24, 3, 3, 3])
        }
        let channels = weights.shape[0]
        func vector(_ name: String) throws -> [Float] {
            try checkpoint.tensor(name, shape: [channels]).values
        }
        let scale = try zip(vector(normalisation + ".weight"), vector(normalisation + ".running_var"))
            .map { $0 / ($1 + 1e-5).squareRoot() }
        let mean = try vector(normalisation + ".running_mean")
        let shift = try vector(normalisation + ".bias")
        let bias = try vector(convolution + ".bias")
        self.bias = (0..<channels).map { (bias[$0] - mean[$0]) * scale[$0] + shift[$0] }
        let size = weights.count / max(1, channels)
        weights.withUnsafeMutableValues { weights in
            for i in weights.indices { weights[i] *= scale[i / size] }
        }
        self.weights = weights
    }

    init(_ checkpoint: Checkpoint, dense name: String, inputs: Int) throws {
        bias = try checkpoint.tensor(name + ".bias").values
        weights = try checkpoint.tensor(name + ".weight", shape: [bias.count, inputs])
            .reshaped(to: [bias.count, inputs, 1, 1])
    }
}

/// A convolution, every stride-th of its pixels, bias and ReLU.
private struct ReadingConvolution {
    private let convolution: Convolution
    private let whole: FeatureMap
    private let output: FeatureMap
    private let bias: [Float]
    private let stride: Int
    private let floor: Float

    init(
        _ folded: FoldedWeights, batch: Int, inputChannels: Int, side: Int, stride: Int,
        rectified: Bool = true
    ) throws {
        let channels = folded.bias.count
        convolution = try Convolution(
            ConvolutionShape(
                batch: batch, inputChannels: inputChannels, outputChannels: channels, height: side,
                width: side, kernel: folded.weights.shape[3]),
            weights: folded.weights)
        whole = try FeatureMap([batch, channels, side, side])
        output = try FeatureMap([batch, channels, side / stride, side / stride])
        bias = folded.bias
        self.stride = stride
        floor = rectified ? 0 : -.infinity
    }

    func callAsFunction(_ input: FeatureMap) throws -> FeatureMap {
        try convolution(input, into: whole)
        let (source, destination) = (whole.elements, output.elements)
        let lanes = output.blockSize
        var position = 0
        for block in 0..<output.batch * output.blockCount {
            let first = block % output.blockCount * lanes
            for y in 0..<output.height {
                for x in 0..<output.width {
                    let from = ((block * whole.height + y * stride) * whole.width + x * stride) * lanes
                    for lane in 0..<min(lanes, bias.count - first) {
                        destination[position + lane] = max(floor, source[from + lane] + bias[first + lane])
                    }
                    position += lanes
                }
            }
        }
        return output
    }
}
