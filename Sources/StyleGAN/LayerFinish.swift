import NeuralLayers

/// What follows a modulated convolution, in one pass over its map: demodulation, noise, bias, activation, the part
/// of the picture that the map contributes, and the next layer's style.
///
///     y = √2 · lrelu(d_c x + noise + b_c, 0.2)      d_c = 1 / √(Σ s² w² + ε)
///     picture_o += Σ_c y_c s_c w_oc + b_o           (toRGB, each block's last convolution)
///     x' = y_c s'_c                                  (what the next convolution takes)
///
/// y and what is added to the picture are held within ±limit in networks that have one (`conv_clamp`).
///
/// Vectors lie along the block's channels. Nothing is allocated when it runs.
struct LayerFinish<Vector: ChannelVector> {
    let blocks: Int
    let pixels: Int
    /// Pixels whose picture sums stay in the nearest cache while all blocks of channels pass.
    private static var tile: Int { 64 }

    /// Bias by block: `[blocks]`.
    let bias: [Vector]
    /// `[pixels]`
    let noise: [Float]
    /// Infinite where there is none, of y and of toRGB.
    let limit, pictureLimit: Float

    init(_ layer: SynthesisWeights.Layer, map: FeatureMap) {
        blocks = map.blockCount
        pixels = map.height * map.width
        var bias = [Vector](repeating: .init(repeating: 0), count: blocks)
        for (channel, value) in layer.bias.enumerated() {
            bias[channel / Vector.scalarCount][channel % Vector.scalarCount] = value
        }
        self.bias = bias
        noise = layer.noise
        limit = layer.limit ?? .infinity
        pictureLimit = layer.picture?.limit ?? .infinity
    }

    /// Works through one sample, in place.
    ///
    /// The pointers must cover: `map` blocks × pixels vectors, `demodulation` and `nextStyle` blocks vectors,
    /// `colour` 3 × blocks vectors, `picture` 3 planes of `pixels`, `capture` as `map`, `sums` 3 × 64 vectors.
    /// - Parameters:
    ///   - nextStyle: The next convolution's style, or nil where none follows.
    ///   - colour: toRGB's weights times its style; nil where no picture is made here.
    ///   - capture: Where to keep y, before the next style.
    ///   - free: Three planes of `pixels` that get 1 where toRGB lies within its limit, else 0; nil where nobody asks.
    func callAsFunction(
        _ map: UnsafeMutablePointer<Vector>, demodulation: UnsafePointer<Vector>,
        nextStyle: UnsafePointer<Vector>?, colour: UnsafePointer<Vector>?,
        picture: UnsafeMutablePointer<Float>?, pictureBias: SIMD3<Float>,
        capture: UnsafeMutablePointer<Vector>?, free: UnsafeMutablePointer<Float>?,
        sums: UnsafeMutablePointer<Vector>
    ) {
        let gain = Float(2).squareRoot()
        let slope = Vector(repeating: 0.2 * gain)
        let steep = Vector(repeating: gain)
        bias.withUnsafeBufferPointer { bias in
            noise.withUnsafeBufferPointer { noise in
                for start in stride(from: 0, to: pixels, by: Self.tile) {
                    let count = min(Self.tile, pixels - start)
                    if colour != nil { sums.update(repeating: .init(repeating: 0), count: 3 * Self.tile) }
                    for block in 0..<blocks {
                        let row = map + block * pixels + start
                        let (scale, offset) = (demodulation[block], bias[block])
                        let style = nextStyle?[block] ?? .init(repeating: 0)
                        let kept = capture.map { $0 + block * pixels + start }
                        if let colour {
                            let (red, green, blue) = (
                                colour[block], colour[blocks + block], colour[2 * blocks + block]
                            )
                            for i in 0..<count {
                                let y = activated(row[i], scale, offset + noise[start + i], steep, slope)
                                sums[i] += y * red
                                sums[Self.tile + i] += y * green
                                sums[2 * Self.tile + i] += y * blue
                                if let kept { kept[i] = y }
                                row[i] = y * style
                            }
                        } else {
                            for i in 0..<count {
                                let y = activated(row[i], scale, offset + noise[start + i], steep, slope)
                                if let kept { kept[i] = y }
                                row[i] = y * style
                            }
                        }
                    }
                    if let picture, colour != nil {
                        for plane in 0..<3 {
                            let line = picture + plane * pixels + start
                            for i in 0..<count {
                                let sum = sums[plane * Self.tile + i].total + pictureBias[plane]
                                line[i] += max(-pictureLimit, min(pictureLimit, sum))
                                free?[plane * pixels + start + i] = abs(sum) < pictureLimit ? 1 : 0
                            }
                        }
                    }
                }
            }
        }
    }

    @inline(__always)
    private func activated(
        _ x: Vector, _ scale: Vector, _ offset: Vector, _ steep: Vector, _ slope: Vector
    ) -> Vector {
        let value = offset + x * scale
        return Vector.larger(value * steep, value * slope).held(within: limit)
    }
}
