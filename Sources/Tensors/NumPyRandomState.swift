#if canImport(Glibc)
    import Glibc
#endif

/// NumPy's `RandomState`: the MT19937 bit stream and the legacy (polar) Gaussian, so that a seed means the same
/// latents here and in published tools.
///
/// Source of the facts: Matsumoto and Nishimura's `mt19937ar` (2002), and NumPy's documented guarantee that the
/// stream of `RandomState` is frozen.
public struct NumPyRandomState: Sendable {
    private static let length = 624
    private static let shift = 397

    private var state: [UInt32]
    private var position = NumPyRandomState.length
    private var spareGaussian: Double?

    /// As `numpy.random.RandomState(seed)`.
    public init(seed: UInt32) {
        var state = [UInt32](repeating: seed, count: Self.length)
        for i in 1..<Self.length {
            let previous = state[i - 1]
            state[i] = 1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(i)
        }
        self.state = state
    }

    /// As `randn(count)`, rounded to float32 as the published generators' samplers do.
    public mutating func gaussians(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float(gaussian()) }
    }

    /// As `randn()`: a standard normal number by Marsaglia's polar method.
    public mutating func gaussian() -> Double {
        if let spare = spareGaussian {
            spareGaussian = nil
            return spare
        }
        var x: Double
        var y: Double
        var squared: Double
        repeat {
            x = 2 * uniform() - 1
            y = 2 * uniform() - 1
            squared = x * x + y * y
        } while squared >= 1 || squared == 0
        let factor = (-2 * log(squared) / squared).squareRoot()
        spareGaussian = factor * x
        return factor * y
    }

    /// As `random_sample()`: a number in [0, 1) with 53 random bits.
    public mutating func uniform() -> Double {
        let high = Double(next() >> 5)
        let low = Double(next() >> 6)
        return (high * 67_108_864 + low) / 9_007_199_254_740_992
    }

    /// The next 32 bits of MT19937.
    public mutating func next() -> UInt32 {
        if position == Self.length { refill() }
        var word = state[position]
        position += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9d2c_5680
        word ^= (word << 15) & 0xefc6_0000
        return word ^ (word >> 18)
    }

    private mutating func refill() {
        for i in 0..<Self.length {
            let mixed =
                (state[i] & 0x8000_0000) | (state[(i + 1) % Self.length] & 0x7fff_ffff)
            let turned = (mixed >> 1) ^ (mixed & 1 == 0 ? 0 : 0x9908_b0df)
            state[i] = state[(i + Self.shift) % Self.length] ^ turned
        }
        position = 0
    }
}
