/// What a StyleGAN2 layer does to its convolution's sums: y = √2 lrelu(d x + noise + b, 0.2), with a demodulation d that
/// is each sample's own; then y is held within ± a limit where there is one (`conv_clamp` of NVIDIA's ADA models).
public struct StyledFinish: Sendable {
    /// By block of channels, padded with zeros.
    let bias: [SIMD16<Float>]
    /// `[H, W]`
    let noise: [Float]
    let limit: Float?

    /// - Parameters:
    ///   - bias: `[O]`
    ///   - noise: `[H, W]`
    ///   - limit: What |y| does not exceed; nil for none.
    public init(bias: [Float], noise: [Float], limit: Float? = nil) {
        var vectors = [SIMD16<Float>](repeating: .zero, count: (bias.count + 15) / 16)
        for (channel, value) in bias.enumerated() { vectors[channel / 16][channel % 16] = value }
        self.bias = vectors
        self.noise = noise
        self.limit = limit
    }
}

/// The last step of a kernel, compiled into its loops.
protocol PixelFinish {
    static func apply(
        _ x: SIMD16<Float>, scale: SIMD16<Float>, bias: SIMD16<Float>, noise: Float, limit: Float
    ) -> SIMD16<Float>
}

/// Leaves the sums as they are.
enum NoFinish: PixelFinish {
    @inline(__always)
    static func apply(
        _ x: SIMD16<Float>, scale: SIMD16<Float>, bias: SIMD16<Float>, noise: Float, limit: Float
    ) -> SIMD16<Float> { x }
}

/// As `StyledFinish` says, without a limit.
enum ActivationFinish: PixelFinish {
    @inline(__always)
    static func apply(
        _ x: SIMD16<Float>, scale: SIMD16<Float>, bias: SIMD16<Float>, noise: Float, limit: Float
    ) -> SIMD16<Float> {
        let gain = Float(2).squareRoot()
        let value = (bias + noise).addingProduct(x, scale)
        let (up, down) = (value * gain, value * (0.2 * gain))
        return up.replacing(with: down, where: up .< down)
    }
}

/// As `StyledFinish` says, with a limit.
enum LimitedFinish: PixelFinish {
    @inline(__always)
    static func apply(
        _ x: SIMD16<Float>, scale: SIMD16<Float>, bias: SIMD16<Float>, noise: Float, limit: Float
    ) -> SIMD16<Float> {
        ActivationFinish.apply(x, scale: scale, bias: bias, noise: noise, limit: limit).held(within: limit)
    }
}

extension SIMD where Scalar == Float {
    /// Each lane, or ±limit where it lies beyond; what is no number stays none.
    @inlinable @inline(__always)
    package func held(within limit: Float) -> Self {
        let bound = Self(repeating: limit)
        let below = replacing(with: bound, where: self .> bound)
        return below.replacing(with: -bound, where: below .< -bound)
    }
}
