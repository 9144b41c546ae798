import Tensors

/// The vector-Jacobian product of `BicubicResize`: its transpose, from ȳ of the output's size to x̄ of the input's.
///
/// Belongs to one thread at a time. Nothing is allocated when it runs.
public final class BicubicResizeGradient {
    private let resize: BicubicResize
    /// One output row, spread along itself.
    private let row: MemoryBlock

    public init(of resize: BicubicResize) {
        self.resize = resize
        row = MemoryBlock(byteCount: resize.inputWidth * 4)
    }

    /// - Parameters:
    ///   - outputGradient: planes of `outputHeight × outputWidth`, one after the other.
    ///   - inputGradient: as many planes of `inputHeight × inputWidth`.
    public func callAsFunction(
        _ outputGradient: UnsafeBufferPointer<Float>,
        into inputGradient: UnsafeMutableBufferPointer<Float>, planes: Int
    ) {
        let (inputHeight, inputWidth) = (resize.inputHeight, resize.inputWidth)
        let (outputHeight, outputWidth) = (resize.outputHeight, resize.outputWidth)
        let (rows, columns) = (resize.rows, resize.columns)
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
