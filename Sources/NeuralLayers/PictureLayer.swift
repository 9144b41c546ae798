import Tensors

/// StyleGAN2's toRGB: adds to a picture of three planes what a map shows, p_k += Σ_c y_c s_c w_kc + b_k.
///
/// Sums are taken in the order of blocks, then halves to halves. Belongs to one thread at a time.
public struct PictureLayer {
    private typealias Vector = SIMD16<Float>

    private let bias: SIMD3<Float>

    public init(bias: SIMD3<Float>) { self.bias = bias }

    /// - Parameters:
    ///   - map: `[N, C, H, W]`, blocked by 16.
    ///   - weights: s_c w_kc, three rows a sample: those of sample n are `3 × (row + n)` and the next two.
    ///   - picture: `[N, 3, H, W]` in planes.
    public func add(_ map: FeatureMap, weights: ChannelVectors, row: Int = 0, to picture: FeatureMap) {
        precondition(map.blockSize == 16 && weights.blocks == map.blockCount)
        precondition(picture.shape == [map.batch, 3, map.height, map.width] && picture.layout == .planes)
        let (pixels, blocks) = (map.height * map.width, map.blockCount)
        guard let planes = picture.elements.baseAddress else { return }
        for sample in 0..<map.batch {
            let red = weights.vectors(3 * (row + sample))
            let (green, blue) = (red + blocks, red + 2 * blocks)
            let source = map.row(sample * blocks, 0)
            let target = planes + 3 * sample * pixels
            for i in 0..<pixels {
                var sums = (Vector.zero, Vector.zero, Vector.zero)
                for block in 0..<blocks {
                    let y = source[block * pixels + i]
                    sums.0.addProduct(y, red[block])
                    sums.1.addProduct(y, green[block])
                    sums.2.addProduct(y, blue[block])
                }
                target[i] += total(sums.0) + bias.x
                target[pixels + i] += total(sums.1) + bias.y
                target[2 * pixels + i] += total(sums.2) + bias.z
            }
        }
    }

    @inline(__always)
    private func total(_ vector: Vector) -> Float {
        let eight = vector.lowHalf + vector.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}
