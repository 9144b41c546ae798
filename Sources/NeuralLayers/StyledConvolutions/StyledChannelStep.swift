import Tensors

/// A styled layer's output where one input channel's style differs from the kept one's.
///
/// The convolution is linear in the styles: its sums are the kept ones plus what the one channel adds,
/// (s'_c − s_c) w_oc ⋆ x_c, nine multiplications a pixel instead of 9 I. Up-convolutions have nine taps for each of an
/// output pixel's four places in its input pixel. Belongs to one thread at a time. Nothing is allocated when it runs.
public final class StyledChannelStep {
    private typealias Vector = SIMD16<Float>

    private let weights: Tensor
    private let isUp: Bool
    private let height, width: Int
    private let blocks: Int
    /// The channel's plane with a border of zeros.
    private let plane: MemoryBlock
    /// `[O/16, 9]`, or `[O/16, 4, 9]`: what each tap counts, for a change of one.
    private let taps: MemoryBlock
    private var tapsPerBlock: Int { isUp ? 36 : 9 }

    /// - Parameters:
    ///   - weights: `[O, I, 3, 3]`
    ///   - height: The input's.
    ///   - width: The input's.
    public init(_ weights: Tensor, isUp: Bool, height: Int, width: Int) {
        precondition(weights.shape.rank == 4 && weights.shape[2] == 3 && weights.shape[3] == 3)
        self.weights = weights
        self.isUp = isUp
        self.height = height
        self.width = width
        blocks = (weights.shape[0] + 15) / 16
        plane = MemoryBlock(byteCount: (height + 2) * (width + 2) * 4)
        taps = MemoryBlock(byteCount: blocks * 36 * 64)
    }

    /// Chooses the channel.
    /// - Parameter kept: The layer's input without its style, `[1, I, H, W]`, blocked by 16.
    public func choose(channel: Int, of kept: FeatureMap) {
        precondition(kept.shape == [1, weights.shape[1], height, width] && kept.blockSize == 16)
        precondition(channel >= 0 && channel < weights.shape[1])
        let source = kept.elements
        let target = plane.elements
        let first = channel / 16 * height * width * 16 + channel % 16
        for y in 0..<height {
            for x in 0..<width {
                target[(y + 1) * (width + 2) + x + 1] = source[first + (y * width + x) * 16]
            }
        }
        let (outputs, inputs) = (weights.shape[0], weights.shape[1])
        weights.withUnsafeValues { weights in
            guard let weights = weights.baseAddress else { return }
            for output in 0..<outputs {
                let w = weights + (output * inputs + channel) * 9
                let base = output / 16 * tapsPerBlock * 16 + output % 16
                for phase in 0..<tapsPerBlock / 9 {
                    for tap in 0..<9 {
                        taps.elements[base + (phase * 9 + tap) * 16] =
                            isUp ? Self.tap(tap, phase, of: w) : w[tap]
                    }
                }
            }
        }
    }

    /// A tap of an up-convolution's phase from the filter's nine.
    private static func tap(_ tap: Int, _ phase: Int, of w: UnsafePointer<Float>) -> Float {
        let (down, along) = (phases[phase / 2][tap / 3], phases[phase % 2][tap % 3])
        var sum = 0.0
        for a in 0..<3 {
            for b in 0..<3 { sum += Double(down[a] * along[b]) * Double(w[a * 3 + b]) }
        }
        return Float(sum)
    }

    /// What w₀, w₁, w₂ count for x[j − 1], x[j], x[j + 1] in the outputs 2j and 2j + 1 along one axis: the transposed
    /// filter, then [1, 3, 3, 1] / 4.
    private static let phases: [[SIMD3<Float>]] = [
        [[0, 0.25, 0.75], [0.75, 0.75, 0.25], [0.25, 0, 0]],
        [[0, 0, 0.25], [0.25, 0.75, 0.75], [0.75, 0.25, 0]],
    ]

    /// - Parameters:
    ///   - base: The layer's sums without a finish for the kept styles, `[1, O, H, W]` or doubled, blocked by 16.
    ///   - change: s'_c − s_c.
    ///   - demodulation: Of which `row` is for the changed style.
    ///   - output: `[≥ 1, O, H, W]` or doubled, blocked by 16, of which one sample is written.
    public func callAsFunction(
        _ base: FeatureMap, change: Float, demodulation: ChannelVectors, row: Int, finish: StyledFinish,
        into output: FeatureMap, sample: Int
    ) {
        let scale = isUp ? 2 : 1
        precondition(
            base.shape == [1, weights.shape[0], scale * height, scale * width] && base.blockSize == 16)
        precondition(
            output.shape.dimensions.dropFirst().elementsEqual(base.shape.dimensions.dropFirst())
                && output.blockSize == 16 && sample < output.batch)
        precondition(
            demodulation.blocks == blocks && finish.bias.count == blocks
                && finish.noise.count == base.height * base.width)
        if finish.limit == nil {
            run(base, change, demodulation.vectors(row), finish, ActivationFinish.self, into: output, sample)
        } else {
            run(base, change, demodulation.vectors(row), finish, LimitedFinish.self, into: output, sample)
        }
    }

    private func run<Finish: PixelFinish>(
        _ base: FeatureMap, _ change: Float, _ demodulation: UnsafePointer<Vector>, _ finish: StyledFinish,
        _: Finish.Type, into output: FeatureMap, _ sample: Int
    ) {
        let limit = finish.limit ?? .infinity
        for block in 0..<blocks {
            let from = base.row(block, 0)
            let to = output.row(sample * blocks + block, 0)
            let (scale, bias) = (demodulation[block], finish.bias[block])
            finish.noise.withUnsafeBufferPointer { noise in
                guard let noise = noise.baseAddress else { return }
                if isUp {
                    for phase in 0..<4 {
                        add(
                            block, phase: phase, step: 2, change: change, from, noise, scale, bias, limit,
                            Finish.self, into: to)
                    }
                } else {
                    add(
                        block, phase: 0, step: 1, change: change, from, noise, scale, bias, limit,
                        Finish.self,
                        into: to)
                }
            }
        }
    }

    /// The pixels of one plane that have one place in their input pixel.
    private func add<Finish: PixelFinish>(
        _ block: Int, phase: Int, step: Int, change: Float, _ base: UnsafePointer<Vector>,
        _ noise: UnsafePointer<Float>, _ scale: Vector, _ bias: Vector, _ limit: Float, _: Finish.Type,
        into output: UnsafeMutablePointer<Vector>
    ) {
        guard let plane = plane.elements.baseAddress else { return }
        let t = taps.pixels + block * tapsPerBlock + phase * 9
        let (t0, t1, t2) = (t[0] * change, t[1] * change, t[2] * change)
        let (t3, t4, t5) = (t[3] * change, t[4] * change, t[5] * change)
        let (t6, t7, t8) = (t[6] * change, t[7] * change, t[8] * change)
        for y in 0..<height {
            let r0 = plane + y * (width + 2)
            let r1 = r0 + width + 2
            let r2 = r1 + width + 2
            let start = (step * y + phase / 2) * step * width + phase % 2
            for x in 0..<width {
                let place = start + step * x
                // Two chains of sums, so that neither waits long for itself.
                var sum = base[place].addingProduct(t0, Vector(repeating: r0[x]))
                var other = t1 * r0[x + 1]
                sum.addProduct(t2, Vector(repeating: r0[x + 2]))
                other.addProduct(t3, Vector(repeating: r1[x]))
                sum.addProduct(t4, Vector(repeating: r1[x + 1]))
                other.addProduct(t5, Vector(repeating: r1[x + 2]))
                sum.addProduct(t6, Vector(repeating: r2[x]))
                other.addProduct(t7, Vector(repeating: r2[x + 1]))
                sum.addProduct(t8, Vector(repeating: r2[x + 2]))
                output[place] = Finish.apply(
                    sum + other, scale: scale, bias: bias, noise: noise[place], limit: limit)
            }
        }
    }
}
