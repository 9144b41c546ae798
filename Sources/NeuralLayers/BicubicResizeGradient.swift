import Tensors

/// The vector-Jacobian product of `BicubicResize`: its transpose, from ȳ of the output's size to x̄ of the input's.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class BicubicResizeGradient {
    public let inputHeight, inputWidth, outputHeight, outputWidth: Int
    private let rows: ResamplingTaps
    private let columns: ResamplingTaps
    /// One output row, spread along itself.
    private let row: MemoryBlock

    /// - Throws: `NeuralLayerError.unsupported` unless all extents are from 1 to 65,536.
    public init(
        inputHeight: Int, inputWidth: Int, outputHeight: Int, outputWidth: Int
    ) throws(NeuralLayerError) {
        try BicubicResize.requireExtents([inputHeight, inputWidth, outputHeight, outputWidth])
        (self.inputHeight, self.inputWidth) = (inputHeight, inputWidth)
        (self.outputHeight, self.outputWidth) = (outputHeight, outputWidth)
        rows = ResamplingTaps(from: inputHeight, to: outputHeight)
        columns = ResamplingTaps(from: inputWidth, to: outputWidth)
        row = MemoryBlock(byteCount: inputWidth * 4)
    }

    /// - Parameters:
    ///   - outputGradient: planes of `outputHeight × outputWidth`, one after the other.
    ///   - inputGradient: as many planes of `inputHeight × inputWidth`.
    public func callAsFunction(
        _ outputGradient: UnsafeBufferPointer<Float>,
        into inputGradient: UnsafeMutableBufferPointer<Float>, planes: Int
    ) {
        precondition(
            planes >= 0 && outputGradient.count >= planes * outputHeight * outputWidth
                && inputGradient.count >= planes * inputHeight * inputWidth)
        guard let source = outputGradient.baseAddress, let destination = inputGradient.baseAddress,
            let spread = row.elements.baseAddress
        else { return }
        for plane in 0..<planes {
            let picture = destination + plane * inputHeight * inputWidth
            picture.update(repeating: 0, count: inputHeight * inputWidth)
            for y in 0..<outputHeight {
                row.elements.update(repeating: 0)
                let gradient = source + (plane * outputHeight + y) * outputWidth
                for x in 0..<outputWidth {
                    let pixels = spread + columns.first[x]
                    let start = columns.starts[x]
                    for tap in start..<columns.starts[x + 1] {
                        pixels[tap - start] += columns.weights[tap] * gradient[x]
                    }
                }
                for tap in rows.starts[y]..<rows.starts[y + 1] {
                    let weight = rows.weights[tap]
                    let line = picture + (rows.first[y] + tap - rows.starts[y]) * inputWidth
                    for x in 0..<inputWidth { line[x] += weight * spread[x] }
                }
            }
        }
    }
}
