import Tensors

/// Pillow's bicubic resampling with antialiasing, in floating point and without rounding to bytes between its steps.
///
/// Keys' kernel with a = −0.5, widened by the factor of reduction, its weights summing to 1; pixels beyond the border
/// do not count. Belongs to one thread at a time. Nothing is allocated when it runs.
public final class BicubicResize {
    public let inputHeight, inputWidth, outputHeight, outputWidth: Int
    private let rows: Taps
    private let columns: Taps
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
        rows = Taps(from: inputHeight, to: outputHeight)
        columns = Taps(from: inputWidth, to: outputWidth)
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

    /// Which input pixels an output pixel along one axis is made of.
    private struct Taps {
        /// The first input pixel of each output pixel.
        var first: [Int] = []
        /// Where its weights begin; one more entry for the end.
        var starts: [Int] = [0]
        var weights: [Float] = []

        init(from input: Int, to output: Int) {
            let scale = Double(input) / Double(output)
            let spread = max(scale, 1)
            for i in 0..<output {
                let centre = (Double(i) + 0.5) * scale
                let first = max(0, Int(centre - 2 * spread + 0.5))
                let end = min(input, Int(centre + 2 * spread + 0.5))
                let taps = (first..<end).map { Self.kernel((Double($0) - centre + 0.5) / spread) }
                let sum = taps.reduce(0, +)
                self.first.append(first)
                weights += taps.map { Float($0 / sum) }
                starts.append(weights.count)
            }
        }

        /// Keys' cubic convolution, a = −0.5.
        private static func kernel(_ x: Double) -> Double {
            let x = abs(x)
            if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
            if x < 2 { return ((-0.5 * x + 2.5) * x - 4) * x + 2 }
            return 0
        }
    }
}
