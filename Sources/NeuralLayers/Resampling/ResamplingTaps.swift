/// Which input pixels an output pixel of bicubic resampling along one axis is made of.
struct ResamplingTaps {
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
