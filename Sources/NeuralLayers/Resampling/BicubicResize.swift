import Tensors

/// Pillow's bicubic resampling with antialiasing, in floating point and without rounding to bytes between its steps.
///
/// Keys' kernel with a = −0.5, widened by the factor of reduction, its weights summing to 1; pixels beyond the border
/// do not count. Belongs to one thread at a time. Nothing is allocated when it runs.
public final class BicubicResize {
    public let inputHeight, inputWidth, outputHeight, outputWidth: Int
    let rows, columns: ResamplingTaps
    /// One output row before it is resampled along itself.
    private let row: MemoryBlock

    /// - Throws: `NeuralLayerError.unsupported` unless all extents are from 1 to 65,536.
    public init(
        inputHeight: Int, inputWidth: Int, outputHeight: Int, outputWidth: Int
    ) throws(NeuralLayerError) {
        let extents = [inputHeight, inputWidth, outputHeight, outputWidth]
        guard extents.allSatisfy({ (1...65_536).contains($0) }) else {
            throw .unsupported(
                operation: "resampling", shape: [], reason: "extents \(extents) are not from 1 to 65536")
        }
        (self.inputHeight, self.inputWidth) = (inputHeight, inputWidth)
        (self.outputHeight, self.outputWidth) = (outputHeight, outputWidth)
        rows = ResamplingTaps(from: inputHeight, to: outputHeight)
        columns = ResamplingTaps(from: inputWidth, to: outputWidth)
        row = MemoryBlock(byteCount: inputWidth * 4)
    }

    /// - Parameters:
    ///   - input: planes of `inputHeight × inputWidth`, one after the other.
    ///   - output: as many planes of `outputHeight × outputWidth`.
    public func callAsFunction(
        _ input: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>, planes: Int
    ) {
        precondition(
            planes >= 0 && input.count >= planes * inputHeight * inputWidth
                && output.count >= planes * outputHeight * outputWidth)
        guard let source = input.baseAddress, let destination = output.baseAddress,
            let blended = row.elements.baseAddress
        else { return }
        for plane in 0..<planes {
            let picture = source + plane * inputHeight * inputWidth
            for y in 0..<outputHeight {
                row.elements.update(repeating: 0)
                for tap in rows.starts[y]..<rows.starts[y + 1] {
                    let weight = rows.weights[tap]
                    let line = picture + (rows.first[y] + tap - rows.starts[y]) * inputWidth
                    for x in 0..<inputWidth { blended[x] += weight * line[x] }
                }
                let result = destination + (plane * outputHeight + y) * outputWidth
                for x in 0..<outputWidth {
                    let pixels = blended + columns.first[x]
                    let start = columns.starts[x]
                    var sum: Float = 0
                    for tap in start..<columns.starts[x + 1] {
                        sum += columns.weights[tap] * pixels[tap - start]
                    }
                    result[x] = sum
                }
            }
        }
    }
}
