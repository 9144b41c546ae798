import Tensors

/// `StyledConvolutionGradient`'s kernel for layers that double their map: `WinogradUpStrips` transposed, from ȳ
/// `[N, O, 2H, 2W]` to x̄ `[N, I, H, W]`.
///
/// The way back through the same 49 products of a tile, by the same weights turned round: the filter's transpose and that
/// of the output's transform on the way in, that of the input's transform on the way out. Tile line τ takes rows
/// 6τ − 2 … 6τ + 6 of ȳ, and gives rows 3τ − 1 … 3τ + 2 of x̄, of which the first has its other part from the line before.
/// Belongs to one thread at a time.
final class WinogradUpGradientStrips {
    private typealias Vector = SIMD16<Float>

    private let height, width: Int
    private let weights: StyledWeights
    let layout: StripLayout
    private let transformed, multiplied: MemoryBlock
    /// Seven transformed lines, each after two zeros, and a line of zeros.
    private let lines: MemoryBlock
    private let lineLength: Int

    /// - Parameters:
    ///   - shape: The layer's whose gradient this is.
    ///   - weights: The layer's, inputs and outputs exchanged.
    init(_ shape: ConvolutionShape, _ layout: StripLayout, weights: StyledWeights, _ memory: StripMemory) {
        height = shape.height
        width = shape.width
        self.weights = weights
        self.layout = layout
        lineLength = 6 * layout.tilesAcross + 3
        lines = MemoryBlock(byteCount: 8 * lineLength * 64)
        transformed = memory.transformed
        multiplied = memory.multiplied
    }

    func run(_ call: StripCall, _ strip: Range<Int>) {
        let first = strip.lowerBound
        let matrices = layout.matrices(of: strip)
        for line in strip {
            let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
            for block in 0..<weights.inputBlocks {
                spread(
                    call.plane(sample: sample, block: block), call.style(sample: sample, block: block),
                    line: y, into: transformed.pixels + (line - first) * layout.tilesAcross, matrices,
                    block: block)
            }
        }
        matrices.multiply(Float32Format.self, transformed, weights.block, into: multiplied)
        for line in strip {
            let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
            for block in 0..<weights.outputBlocks {
                gather(
                    multiplied.pixels + (line - first) * layout.tilesAcross, matrices, block: block,
                    line: y, into: call.output.row(sample * weights.outputBlocks + block, 0))
            }
        }
    }

    /// What the filter's transpose makes of four neighbours: t̄[r] = ȳ[r − 2] + 3 ȳ[r − 1] + 3 ȳ[r] + ȳ[r + 1].
    @inline(__always)
    private func filtered(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> Vector {
        (a + d).addingProduct(b + c, Vector(repeating: 3))
    }

    /// Filters and transforms one line of tiles of one plane: down its columns into seven lines, then along each.
    private func spread(
        _ plane: UnsafeMutablePointer<Vector>, _ style: Vector, line: Int,
        into result: UnsafeMutablePointer<Vector>, _ matrices: StripMatrices, block: Int
    ) {
        let (width, height, lineLength) = (2 * width, 2 * height, lineLength)
        // Lines begin and end with zeros; only what lies between is written.
        let base = lines.pixels
        let zeros = base + 7 * lineLength
        func row(_ i: Int) -> UnsafeMutablePointer<Vector> {
            let y = 6 * line - 2 + i
            return y >= 0 && y < height ? plane + y * width : zeros
        }
        let (r0, r1, r2, r3, r4) = (row(0), row(1), row(2), row(3), row(4))
        let (r5, r6, r7, r8) = (row(5), row(6), row(7), row(8))
        let target = base + 2
        let scale = style * Float(1.0 / 16)
        for x in 0..<width {
            let (a, b, c, d, e) = (r0[x], r1[x], r2[x], r3[x], r4[x])
            let (f, g, h, i) = (r5[x], r6[x], r7[x], r8[x])
            let t = WinogradUpTile.outputGradient(
                filtered(a, b, c, d), filtered(b, c, d, e), filtered(c, d, e, f), filtered(d, e, f, g),
                filtered(e, f, g, h), filtered(f, g, h, i))
            target[x] = t.0 * scale
            target[lineLength + x] = t.1 * scale
            target[2 * lineLength + x] = t.2 * scale
            target[3 * lineLength + x] = t.3 * scale
            target[4 * lineLength + x] = t.4 * scale
            target[5 * lineLength + x] = t.5 * scale
            target[6 * lineLength + x] = t.6 * scale
        }
        for i in 0..<7 {
            let source = base + i * lineLength
            func place(_ j: Int) -> UnsafeMutablePointer<Vector> {
                let (set, matrix, row) = WinogradUpStrips.place(i, j)
                return result + matrices.source(set: set, matrix: matrix, row: row, block: block)
            }
            let to = (place(0), place(1), place(2), place(3), place(4), place(5), place(6))
            for tile in 0..<layout.tilesAcross {
                let l = source + 6 * tile
                let t = WinogradUpTile.outputGradient(
                    filtered(l[0], l[1], l[2], l[3]), filtered(l[1], l[2], l[3], l[4]),
                    filtered(l[2], l[3], l[4], l[5]), filtered(l[3], l[4], l[5], l[6]),
                    filtered(l[4], l[5], l[6], l[7]), filtered(l[5], l[6], l[7], l[8]))
                to.0[tile] = t.0
                to.1[tile] = t.1
                to.2[tile] = t.2
                to.3[tile] = t.3
                to.4[tile] = t.4
                to.5[tile] = t.5
                to.6[tile] = t.6
            }
        }
    }

    /// Transforms one line of tiles back, and adds neighbouring tiles up where they meet.
    private func gather(
        _ source: UnsafeMutablePointer<Vector>, _ matrices: StripMatrices, block: Int, line: Int,
        into plane: UnsafeMutablePointer<Vector>
    ) {
        let (width, height) = (width, height)
        // The points of a column stand one after the other.
        var points = InlineArray<49, UnsafeMutablePointer<Vector>>(repeating: source)
        for i in 0..<7 {
            for j in 0..<7 {
                let (set, matrix, row) = WinogradUpStrips.place(i, j)
                points[7 * j + i] += matrices.result(set: set, matrix: matrix, row: row, block: block)
            }
        }
        // Of the last column of each row of a tile, which is the first of the next.
        var last: WinogradTile.Four = (.zero, .zero, .zero, .zero)
        for tile in 0..<layout.tilesAcross {
            @inline(__always)
            func column(_ j: Int) -> WinogradTile.Four {
                WinogradUpTile.inputGradient(
                    points[7 * j][tile], points[7 * j + 1][tile], points[7 * j + 2][tile],
                    points[7 * j + 3][tile], points[7 * j + 4][tile], points[7 * j + 5][tile],
                    points[7 * j + 6][tile])
            }
            let (c0, c1, c2) = (column(0), column(1), column(2))
            let (c3, c4, c5, c6) = (column(3), column(4), column(5), column(6))
            let left = 3 * tile - 1
            @inline(__always)
            func write(_ i: Int, _ t: WinogradTile.Four, _ last: inout Vector) {
                let y = 3 * line - 1 + i
                defer { last = t.3 }
                guard y >= 0, y < height else { return }
                let to = plane + y * width + left
                @inline(__always)
                func put(_ x: Int, _ value: Vector) {
                    // The first row has its other part from the line of tiles before.
                    if left + x >= 0 && left + x < width { to[x] = i == 0 ? to[x] + value : value }
                }
                put(0, last + t.0)
                put(1, t.1)
                put(2, t.2)
            }
            write(0, WinogradUpTile.inputGradient(c0.0, c1.0, c2.0, c3.0, c4.0, c5.0, c6.0), &last.0)
            write(1, WinogradUpTile.inputGradient(c0.1, c1.1, c2.1, c3.1, c4.1, c5.1, c6.1), &last.1)
            write(2, WinogradUpTile.inputGradient(c0.2, c1.2, c2.2, c3.2, c4.2, c5.2, c6.2), &last.2)
            write(3, WinogradUpTile.inputGradient(c0.3, c1.3, c2.3, c3.3, c4.3, c5.3, c6.3), &last.3)
        }
    }
}
