import Tensors

/// The vector-Jacobian product of an `AveragePool`: every pixel's gradient, a quarter of it to each of the four that it was
/// the mean of; a last odd row or column was left out, and gets none.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class AveragePoolGradient {
    /// x̄: `[N, C, H, W]`
    public let input: FeatureMap
    /// ȳ: `[N, C, H/2, W/2]`
    public let output: FeatureMap

    /// - Parameters:
    ///   - output: ȳ, what every call reads, in blocks.
    ///   - height: Of what was pooled.
    ///   - width: Likewise.
    /// - Throws: `NeuralLayerError.unsupported` where ȳ is not of half that size.
    public init(output: FeatureMap, height: Int, width: Int) throws(NeuralLayerError) {
        guard output.height == height / 2, output.width == width / 2 else {
            throw .unsupported(
                operation: "average pooling's gradient", shape: output.shape,
                reason: "it is not half of \(height) × \(width)")
        }
        try output.requireLayout(.blockedForProcessor, "average pooling's gradient")
        self.output = output
        input = try FeatureMap(
            [output.batch, output.channels, height, width], layout: .blockedForProcessor)
    }

    public func callAsFunction() {
        let (width, size) = (output.width, output.blockSize)
        let inputRow = input.width * size
        guard let source = output.elements.baseAddress, let target = input.elements.baseAddress else {
            return
        }
        for plane in 0..<output.batch * output.blockCount {
            for y in 0..<output.height {
                let from = source + (plane * output.height + y) * width * size
                let top = target + (plane * input.height + 2 * y) * inputRow
                for x in 0..<width {
                    let (left, right) = (top + 2 * x * size, top + (2 * x + 1) * size)
                    for i in 0..<size {
                        let quarter = from[x * size + i] / 4
                        left[i] = quarter
                        right[i] = quarter
                        left[inputRow + i] = quarter
                        right[inputRow + i] = quarter
                    }
                }
            }
        }
    }
}
