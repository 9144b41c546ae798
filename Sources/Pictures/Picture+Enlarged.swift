extension Picture {
    /// How the pixels between pixels are found.
    public enum Interpolation: Sendable {
        /// Every pixel becomes a square.
        case nearest
        /// Cubic convolution with a = −0.5 (Catmull and Rom's spline): smooth, and true to the pixels.
        case bicubic
    }

    /// The picture, a whole number of times as wide and high.
    /// - Throws: `PictureError.size` where it becomes too large.
    public func enlarged(by factor: Int, _ interpolation: Interpolation = .bicubic) throws(PictureError)
        -> Picture
    {
        let (wide, overflow) = width.multipliedReportingOverflow(by: factor)
        let (high, overflowOfHeight) = height.multipliedReportingOverflow(by: factor)
        guard factor > 0, !overflow, !overflowOfHeight else { throw .size(width: width, height: height) }
        try Self.requireSize(width: wide, height: high)
        if factor == 1 { return self }
        switch interpolation {
        case .nearest:
            var large = try Picture(width: wide, height: high)
            for y in 0..<high {
                for x in 0..<wide { large[x, y] = self[x / factor, y / factor] }
            }
            return large
        case .bicubic:
            return try enlargedSmoothly(by: factor, wide, high)
        }
    }

    /// First along rows, then along columns; the edge's pixels go on beyond it.
    private func enlargedSmoothly(by factor: Int, _ wide: Int, _ high: Int) throws(PictureError) -> Picture {
        let phases = (0..<factor).map { CubicPhase(position: (Float($0) + 0.5) / Float(factor) - 0.5) }
        var rows = [Float](repeating: 0, count: height * wide * 3)
        for y in 0..<height {
            for x in 0..<wide {
                let phase = phases[x % factor]
                for tap in 0..<4 {
                    let column = min(max(x / factor + phase.first + tap, 0), width - 1)
                    for plane in 0..<3 {
                        rows[3 * (y * wide + x) + plane] +=
                            phase.weights[tap] * Float(pixels[3 * (y * width + column) + plane])
                    }
                }
            }
        }
        var large = try Picture(width: wide, height: high)
        for y in 0..<high {
            let phase = phases[y % factor]
            let sources = (0..<4).map { min(max(y / factor + phase.first + $0, 0), height - 1) * wide * 3 }
            for i in 0..<wide * 3 {
                var sum: Float = 0
                for tap in 0..<4 { sum += phase.weights[tap] * rows[sources[tap] + i] }
                large.pixels[y * wide * 3 + i] = UInt8(min(max(sum.rounded(), 0), 255))
            }
        }
        return large
    }
}

/// The four neighbours' weights for a point between pixels.
private struct CubicPhase {
    /// The first neighbour, counted from the pixel that the point lies in.
    let first: Int
    /// They add up to 1.
    let weights: [Float]

    /// - Parameter position: The point's distance from the pixel's centre, -0.5 to 0.5.
    init(position: Float) {
        let base = position < 0 ? -1 : 0
        let t = position - Float(base)
        first = base - 1
        weights = [
            ((-0.5 * t + 1) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1,
            ((-1.5 * t + 2) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ]
    }
}
