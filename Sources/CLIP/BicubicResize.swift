/// Antialiased bicubic resampling as PIL does it, in floating point: Keys' kernel with a = −1/2, stretched by the
/// scale where the picture shrinks, weights brought to a sum of one.
struct BicubicResize {
    private let source: Int
    private let target: Int
    /// For every output pixel of an axis: the first input pixel and its weights.
    private let taps: [(first: Int, weights: [Float])]
    private var rows: [Float]

    /// For square planes of these sides.
    init(from source: Int, to target: Int) {
        self.source = source
        self.target = target
        let scale = Double(source) / Double(target)
        let stretch = max(1, scale)
        let support = 2 * stretch
        taps = (0..<target).map { index in
            let centre = (Double(index) + 0.5) * scale
            let first = max(0, Int(centre - support + 0.5))
            let end = min(source, Int(centre + support + 0.5))
            let weights = (first..<end).map { Self.kernel((Double($0) - centre + 0.5) / stretch) }
            let sum = weights.reduce(0, +)
            return (first, weights.map { Float($0 / sum) })
        }
        rows = [Float](repeating: 0, count: source * target)
    }

    private static func kernel(_ x: Double) -> Double {
        let x = abs(x)
        if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
        if x < 2 { return ((-0.5 * x + 2.5) * x - 4) * x + 2 }
        return 0
    }

    /// One plane: `[source, source]` → `[target, target]`.
    mutating func callAsFunction(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
        for y in 0..<source {
            for (x, tap) in taps.enumerated() {
                var sum: Float = 0
                for (i, weight) in tap.weights.enumerated() {
                    sum += input[y * source + tap.first + i] * weight
                }
                rows[y * target + x] = sum
            }
        }
        for (y, tap) in taps.enumerated() {
            for x in 0..<target { output[y * target + x] = 0 }
            for (i, weight) in tap.weights.enumerated() {
                let line = (tap.first + i) * target
                for x in 0..<target { output[y * target + x] += rows[line + x] * weight }
            }
        }
    }
}
