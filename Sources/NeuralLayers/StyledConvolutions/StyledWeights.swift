import Tensors

/// The weights of a 3×3 layer as the products of Winograd's algorithm take them: made once, shared by any number of
/// `StyledConvolution`s on any thread, of any batch and size.
public final class StyledWeights: Sendable {
    /// The layer doubles its map.
    public let isUp: Bool
    public let inputs: Int
    public let outputs: Int
    /// What the factors of its products are rounded to.
    public let precision: Precision
    /// Blocks of 16 channels, the padded one included.
    let inputBlocks, outputBlocks: Int
    /// A matrix `[I', O']` for each point, channels padded to whole blocks, in panels (`ProductPanels`); not written
    /// after `init`. The points of a layer that doubles its map stand as its four sets of products do (`WinogradUpStrips`).
    let block: MemoryBlock

    /// - Parameter weights: `[O, I, 3, 3]`
    /// - Throws: `NeuralLayerError.unsupported` where they have another shape.
    public init(
        _ weights: Tensor, isUp: Bool, precision: Precision = .float32
    ) throws(NeuralLayerError) {
        guard weights.shape.rank == 4, weights.shape[2] == 3, weights.shape[3] == 3, weights.count > 0 else {
            throw .unsupported(
                operation: "a styled convolution", shape: weights.shape,
                reason: "weights [outputs, inputs, 3, 3] are needed")
        }
        self.isUp = isUp
        self.precision = precision
        outputs = weights.shape[0]
        inputs = weights.shape[1]
        inputBlocks = (inputs + 15) / 16
        outputBlocks = (outputs + 15) / 16
        let filter = isUp ? WinogradUpTile.filter : WinogradTile.filter
        let points = filter.count
        let (inputs, outputs) = (inputs, outputs)
        let matrix = PackedMatrix(inputs: inputs, outputBlocks: outputBlocks, precision)
        block = MemoryBlock(byteCount: points * points * matrix.byteCount)
        let block = block
        // Of doubled maps the first row and column of points are the odd ones.
        func place(_ i: Int, _ j: Int) -> Int {
            guard isUp else { return i * points + j }
            return i == 0 ? j : j == 0 ? 4 + i : 9 + 4 * (i - 1) + j - 1
        }
        // G g Gᵀ in float64, rounded once.
        let flat = filter.flatMap { $0 }
        weights.withUnsafeValues { weights in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: points * 3) { half in
                for output in 0..<outputs {
                    let column = matrix.column(output)
                    for input in 0..<inputs {
                        let taps = (output * inputs + input) * 9
                        for i in 0..<points {
                            for x in 0..<3 {
                                half[i * 3 + x] =
                                    flat[i * 3] * Double(weights[taps + x])
                                    + flat[i * 3 + 1] * Double(weights[taps + 3 + x])
                                    + flat[i * 3 + 2] * Double(weights[taps + 6 + x])
                            }
                        }
                        for i in 0..<points {
                            for j in 0..<points {
                                let sum =
                                    half[i * 3] * flat[j * 3] + half[i * 3 + 1] * flat[j * 3 + 1]
                                    + half[i * 3 + 2] * flat[j * 3 + 2]
                                matrix.set(
                                    Float(sum), place(i, j), input: input, output: output, column, in: block)
                            }
                        }
                    }
                }
            }
        }
    }
}
