import Tensors

/// StyleGAN2's toRGB: adds to a picture of three planes what a map shows, p_k += Σ_c y_c s_c w_kc + b_k, where the sum
/// with its bias is held within ± a limit if there is one.
///
/// Sums are taken in the order of blocks, then halves to halves. Belongs to one thread at a time.
public struct PictureLayer {
    private typealias Vector = SIMD16<Float>

    private let bias: SIMD3<Float>
    private let limit: Float?

    /// - Parameter limit: What no summand of a picture exceeds; nil for none.
    public init(bias: SIMD3<Float>, limit: Float? = nil) {
        self.bias = bias
        self.limit = limit
    }

    /// - Parameters:
    ///   - map: `[N, C, H, W]`, blocked by 16.
    ///   - weights: s_c w_kc, three rows a sample: those of sample n are `3 × (row + n)` and the next two.
    ///   - picture: `[N, 3, H, W]` in planes.
    public func add(_ map: FeatureMap, weights: ChannelVectors, row: Int = 0, to picture: FeatureMap) {
        precondition(map.blockSize == 16 && weights.blocks == map.blockCount)
        precondition(picture.shape == [map.batch, 3, map.height, map.width] && picture.layout == .planes)
        for sample in 0..<map.batch {
            add(rows: 0..<map.height, of: map, sample: sample, weights: weights, row: row, to: picture)
        }
    }

    /// Some rows of one sample, of a map that may be a rolling one (`StripCall`).
    func add(
        rows: Range<Int>, of map: FeatureMap, sample: Int = 0, weights: ChannelVectors, row: Int,
        to picture: FeatureMap
    ) {
        precondition(
            picture.layout == .planes && picture.width == map.width && rows.upperBound <= picture.height
                && picture.channels == 3 && sample < picture.batch)
        let blocks = map.blockCount
        let red = weights.vectors(3 * (row + sample))
        guard let planes = picture.elements.baseAddress else { return }
        let target = planes + 3 * sample * picture.height * picture.width
        for y in rows {
            add(
                map.row(sample * blocks, y % map.height), step: map.height * map.width,
                red, blocks: blocks, width: map.width,
                to: target + y * map.width, step: picture.height * picture.width)
        }
    }

    /// One row.
    /// - Parameters:
    ///   - step: From a block of the map to the next, and from a plane of the picture to the next.
    ///   - red: Its weights, before those of green and blue.
    private func add(
        _ source: UnsafePointer<Vector>, step: Int,
        _ red: UnsafePointer<Vector>, blocks: Int, width: Int, to target: UnsafeMutablePointer<Float>,
        step pixels: Int
    ) {
        let (green, blue) = (red + blocks, red + 2 * blocks)
        // Four pixels at a time, whose sums are then added up together; what is left singly.
        let whole = width / 4 * 4
        for i in stride(from: 0, to: whole, by: 4) {
            var (r0, r1, r2, r3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
            var (g0, g1, g2, g3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
            var (b0, b1, b2, b3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
            for block in 0..<blocks {
                let y = source + block * step + i
                let (r, g, b) = (red[block], green[block], blue[block])
                r0.addProduct(y[0], r)
                g0.addProduct(y[0], g)
                b0.addProduct(y[0], b)
                r1.addProduct(y[1], r)
                g1.addProduct(y[1], g)
                b1.addProduct(y[1], b)
                r2.addProduct(y[2], r)
                g2.addProduct(y[2], g)
                b2.addProduct(y[2], b)
                r3.addProduct(y[3], r)
                g3.addProduct(y[3], g)
                b3.addProduct(y[3], b)
            }
            add(totals(r0, r1, r2, r3) + bias.x, to: target + i)
            add(totals(g0, g1, g2, g3) + bias.y, to: target + pixels + i)
            add(totals(b0, b1, b2, b3) + bias.z, to: target + 2 * pixels + i)
        }
        for i in whole..<width {
            for (plane, weights) in [red, green, blue].enumerated() {
                var sum = Vector.zero
                for block in 0..<blocks { sum.addProduct(source[block * step + i], weights[block]) }
                target[plane * pixels + i] += limited(totals(sum, sum, sum, sum) + bias[plane])[0]
            }
        }
    }

    @inline(__always)
    private func add(_ sums: SIMD4<Float>, to target: UnsafeMutablePointer<Float>) {
        let memory = UnsafeMutableRawPointer(target)
        memory.storeBytes(
            of: memory.loadUnaligned(as: SIMD4<Float>.self) + limited(sums), as: SIMD4<Float>.self)
    }

    @inline(__always)
    private func limited(_ sums: SIMD4<Float>) -> SIMD4<Float> {
        if let limit { sums.held(within: limit) } else { sums }
    }

    /// The sums of the lanes of four vectors, halves to halves.
    @inline(__always)
    private func totals(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> SIMD4<Float> {
        SIMD4(total(a), total(b), total(c), total(d))
    }

    @inline(__always)
    private func total(_ vector: Vector) -> Float {
        let eight = vector.lowHalf + vector.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}
