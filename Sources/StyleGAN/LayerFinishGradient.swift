import NeuralLayers

/// The way back through what follows a modulated convolution, in one pass over the gradient's map: from what the next
/// convolution's input and the picture get to what the activation's argument gets, with the styles' share on the way.
///
///     q_c = Σ_o w_oc p̄_o                        (toRGB without its style)
///     ȳ_c = s'_c x̄'_c + s^rgb_c q_c              s̄'_c = Σ_p x̄'_c y_c      s̄^rgb_c = Σ_p q_c y_c
///     ȳ_c = 0 where y_c is held at its limit     (networks with `conv_clamp`)
///     v̄_c = ȳ_c √2 (1 where y_c ≥ 0, else 0.2)
///     d̄_c = Σ_p v̄_c u_c = (Σ_p ȳ_c y_c − Σ_p v̄_c (noise + b_c)) / d_c
///
/// Here x̄' is the gradient of the next convolution's input, after its style; y is what the forward pass kept; u is the
/// convolution's output before demodulation, whose gradient is ū_c = d_c v̄_c, and v = d_c u_c + noise + b_c what the
/// activation takes, of which y = √2 · lrelu(v) tells all that is needed. Vectors lie along the block's channels. Nothing
/// is allocated in a pass.
struct LayerFinishGradient {
    typealias Vector = SIMD16<Float>

    let blocks: Int
    let pixels: Int
    private let bias: [Vector]
    private let noise: [Float]
    private let limit: Float?
    /// toRGB's weights, plane after plane: `[3 × blocks]`; empty where no picture is made.
    private let colour: [Vector]
    /// Of the forward pass; empty where no convolution follows, or no picture is made.
    private var nextStyle: [Vector] = []
    private var pictureStyle: [Vector] = []

    /// Pixels whose share of the picture stays in the nearest cache while all blocks of channels pass, and after which
    /// sums are put aside, so that sums of a million numbers keep their digits.
    private static var tile: Int { 256 }

    /// The sums of a pass, vector after vector: `[3 × blocks]`: s̄', s̄^rgb, and Σ ȳ y − Σ v̄ (noise + b).
    var sumsCount: Int { 3 * blocks }

    init(_ layer: SynthesisWeights.Layer, map: FeatureMap) {
        let (blocks, pixels) = (map.blockCount, map.height * map.width)
        (self.blocks, self.pixels) = (blocks, pixels)
        bias = Self.vectors(layer.bias, blocks: blocks)
        noise = layer.noise
        limit = layer.limit
        if let picture = layer.picture {
            let channels = layer.outputChannels
            colour = (0..<3).flatMap { plane in
                Self.vectors(picture.weight[plane * channels..<(plane + 1) * channels], blocks: blocks)
            }
        } else {
            colour = []
        }
    }

    /// Keeps what the forward pass multiplied by.
    mutating func keep(nextStyle: (some Collection<Float>)?, pictureStyle: (some Collection<Float>)?) {
        self.nextStyle = nextStyle.map { Self.vectors($0, blocks: blocks) } ?? []
        self.pictureStyle = pictureStyle.map { Self.vectors($0, blocks: blocks) } ?? []
    }

    /// Channels in vectors, the rest zero.
    private static func vectors(_ values: some Collection<Float>, blocks: Int) -> [Vector] {
        var vectors = [Vector](repeating: .zero, count: blocks)
        for (channel, value) in values.enumerated() {
            vectors[channel / Vector.scalarCount][channel % Vector.scalarCount] = value
        }
        return vectors
    }

    /// Works through one gradient, in place: x̄' becomes v̄.
    ///
    /// The pointers must cover: `map` and `output` blocks × pixels vectors, `picture` 3 planes of `pixels`, `sums`
    /// `sumsCount` vectors.
    /// - Parameters:
    ///   - map: x̄'; not read where no convolution follows.
    ///   - output: y.
    ///   - picture: p̄; nil where no picture is made.
    func callAsFunction(
        _ map: UnsafeMutablePointer<Vector>, output: UnsafePointer<Vector>, picture: UnsafePointer<Float>?,
        sums: UnsafeMutablePointer<Vector>
    ) {
        if let limit {
            run(map, output, picture, sums, LimitGate(limit))
        } else {
            run(map, output, picture, sums, OpenGate())
        }
    }

    private func run(
        _ map: UnsafeMutablePointer<Vector>, _ output: UnsafePointer<Vector>,
        _ picture: UnsafePointer<Float>?, _ sums: UnsafeMutablePointer<Vector>,
        _ gate: some ActivationGate
    ) {
        sums.update(repeating: .zero, count: sumsCount)
        let gain = Float(2).squareRoot()
        let (steep, slope) = (Vector(repeating: gain), Vector(repeating: 0.2 * gain))
        noise.withUnsafeBufferPointer { noise in
            for start in stride(from: 0, to: pixels, by: Self.tile) {
                let count = min(Self.tile, pixels - start)
                for block in 0..<blocks {
                    let row = map + block * pixels + start
                    let kept = output + block * pixels + start
                    let offset = bias[block]
                    let next = nextStyle.isEmpty ? Vector.zero : nextStyle[block]
                    var (nextSum, pictureSum, whole) = (Vector.zero, Vector.zero, Vector.zero)
                    if !nextStyle.isEmpty, let picture, !pictureStyle.isEmpty {
                        let (red, green, blue) = colours(block)
                        let style = pictureStyle[block]
                        for i in 0..<count {
                            let (x, y) = (row[i], kept[i])
                            let q = share(picture + start + i, red, green, blue)
                            let gradient = gate.passed(x * next + q * style, y)
                            nextSum += x * y
                            pictureSum += q * y
                            let v = gradient * steep.replacing(with: slope, where: y .< 0)
                            whole += gradient * y - v * (offset + noise[start + i])
                            row[i] = v
                        }
                    } else if let picture, !pictureStyle.isEmpty {
                        let (red, green, blue) = colours(block)
                        let style = pictureStyle[block]
                        for i in 0..<count {
                            let y = kept[i]
                            let q = share(picture + start + i, red, green, blue)
                            let gradient = gate.passed(q * style, y)
                            pictureSum += q * y
                            let v = gradient * steep.replacing(with: slope, where: y .< 0)
                            whole += gradient * y - v * (offset + noise[start + i])
                            row[i] = v
                        }
                    } else {
                        for i in 0..<count {
                            let (x, y) = (row[i], kept[i])
                            let gradient = gate.passed(x * next, y)
                            nextSum += x * y
                            let v = gradient * steep.replacing(with: slope, where: y .< 0)
                            whole += gradient * y - v * (offset + noise[start + i])
                            row[i] = v
                        }
                    }
                    sums[block] += nextSum
                    sums[blocks + block] += pictureSum
                    sums[2 * blocks + block] += whole
                }
            }
        }
    }

    private func colours(_ block: Int) -> (Vector, Vector, Vector) {
        (colour[block], colour[blocks + block], colour[2 * blocks + block])
    }

    /// q of one pixel.
    @inline(__always)
    private func share(
        _ picture: UnsafePointer<Float>, _ red: Vector, _ green: Vector, _ blue: Vector
    ) -> Vector {
        red * picture[0] + green * picture[pixels] + blue * picture[2 * pixels]
    }
}

/// What becomes of an activation's gradient ȳ on the way back through its limit, compiled into the pass.
private protocol ActivationGate {
    func passed(
        _ gradient: LayerFinishGradient.Vector, _ y: LayerFinishGradient.Vector
    ) -> LayerFinishGradient.Vector
}

/// There is no limit.
private struct OpenGate: ActivationGate {
    @inline(__always)
    func passed(_ gradient: SIMD16<Float>, _ y: SIMD16<Float>) -> SIMD16<Float> { gradient }
}

/// What is held at the limit does not move.
private struct LimitGate: ActivationGate {
    private let limit: SIMD16<Float>

    init(_ limit: Float) { self.limit = SIMD16(repeating: limit) }

    @inline(__always)
    func passed(_ gradient: SIMD16<Float>, _ y: SIMD16<Float>) -> SIMD16<Float> {
        gradient.replacing(with: 0, where: (y .>= limit) .| (y .<= -limit))
    }
}
