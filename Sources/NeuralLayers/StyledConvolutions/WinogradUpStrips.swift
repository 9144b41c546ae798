import Tensors

/// `StyledConvolution`'s kernel for maps that are doubled: a transposed 3×3 convolution of stride 2 by Winograd's
/// F(3×3, 2×2), with 25 different weights (`WinogradUpTile`), then the filter [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 16.
///
/// A tile of 3 × 3 input pixels has 7 × 7 products, in an axis three odd and four even ones. The odd ones of an axis share
/// weights: their rows stand under one another in one matrix. So the products of T tiles are four sets:
///
///     odd × odd    1 × [9 T, I]      odd × even   4 × [3 T, I]
///     even × odd   4 × [3 T, I]      even × even  16 × [T, I]
///
/// The transposed map t has 2H + 1 rows. Tile line τ gives its rows 6τ … 6τ + 5, and with the three rows before those the
/// filter makes output rows 6τ − 2 … 6τ + 3 of them. Belongs to one thread at a time.
final class WinogradUpStrips {
    private typealias Vector = SIMD16<Float>

    static let sets: [StripMatrices.MatrixSet] = [(1, 9), (4, 3), (4, 3), (16, 1)]

    private let height, width: Int
    private let weights: StyledWeights
    let layout: StripLayout
    private let transformed, multiplied: MemoryBlock
    /// Seven lines of a run of tiles, transformed down their columns.
    private let lines: MemoryBlock
    private static let lineLength = 3 * StripLayout.tilesPerRun + 1
    /// What lies above and below a map.
    private let zeros: MemoryBlock
    /// Nine rows of t, each after a zero.
    private let window: MemoryBlock
    /// The last three rows of t of each block of channels, from one strip to the next: `[O'/16, 3, rowLength]`.
    private let carried: MemoryBlock
    private let rowLength: Int

    init(_ shape: ConvolutionShape, _ layout: StripLayout, weights: StyledWeights, _ memory: StripMemory) {
        height = shape.height
        width = shape.width
        self.weights = weights
        self.layout = layout
        rowLength = 6 * layout.tilesAcross + 2
        lines = MemoryBlock(byteCount: 7 * Self.lineLength * 64)
        zeros = MemoryBlock(byteCount: shape.width * 64)
        window = MemoryBlock(byteCount: 9 * rowLength * 64)
        carried = MemoryBlock(byteCount: 3 * weights.outputBlocks * rowLength * 64)
        transformed = memory.transformed
        multiplied = memory.multiplied
    }

    /// Of which set and matrix the products of row point i and column point j are, and which of a tile's rows.
    @inline(__always)
    static func place(_ i: Int, _ j: Int) -> (set: Int, matrix: Int, row: Int) {
        switch (i < 3, j < 3) {
        case (true, true): (0, 0, 3 * i + j)
        case (true, false): (1, j - 3, i)
        case (false, true): (2, i - 3, j)
        case (false, false): (3, 4 * (i - 3) + j - 3, 0)
        }
    }

    func multiply<Format: ProductFormat>(_ format: Format.Type, _ strip: Range<Int>) {
        layout.matrices(of: strip).multiply(format, transformed, weights.block, into: multiplied)
    }

    /// The rows of its input that the first lines of a sample take.
    func inputRows(lines: Int) -> Int { min(height, 3 * lines) }

    /// The rows of a sample's output that its first lines give.
    func outputRows(lines: Int) -> Int { max(0, min(2 * height, 6 * lines - 2)) }

    /// A sample's strips are run in their order: what the filter needs of the rows before is kept from one to the next.
    func run<Finish: PixelFinish, Format: ProductFormat>(
        _ call: StripCall, _ strip: Range<Int>, _: Finish.Type, _ format: Format.Type
    ) {
        let first = strip.lowerBound
        let matrices = layout.matrices(of: strip)
        for line in strip {
            let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
            for block in 0..<weights.inputBlocks {
                spread(
                    format, call, sample: sample, line: y,
                    into: transformed.pointer(to: Format.Row.self) + (line - first) * layout.tilesAcross,
                    matrices, block: block)
            }
        }
        multiply(format, strip)
        for block in 0..<weights.outputBlocks {
            for line in strip {
                let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
                gather(
                    multiplied.pixels + (line - first) * layout.tilesAcross, matrices, line: y,
                    isFirstOfStrip: line == first, block: block)
                filter(call, sample: sample, line: y, block: block, Finish.self)
            }
            // What a strip that goes on with this sample needs.
            (carried.pixels + 3 * block * rowLength).update(
                from: window.pixels + 6 * rowLength, count: 3 * rowLength)
        }
    }

    /// Transforms one line of tiles of one plane: down its columns into seven lines, then along each.
    private func spread<Format: ProductFormat>(
        _: Format.Type, _ call: StripCall, sample: Int, line: Int,
        into result: UnsafeMutablePointer<Format.Row>, _ matrices: StripMatrices, block: Int
    ) {
        let (width, height, zeros) = (width, height, zeros.pixels)
        let style = call.style(sample: sample, block: block)
        func row(_ i: Int) -> UnsafeMutablePointer<Vector> {
            let y = 3 * line - 1 + i
            return y >= 0 && y < height ? call.inputRow(y, sample: sample, block: block) : zeros
        }
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3))
        let length = Self.lineLength
        let base = lines.pixels
        layout.forEachRun { run in
            // The run's lines begin a column before it; beyond the map there are zeros.
            let left = 3 * run.lowerBound - 1
            let columns = max(0, left)..<min(width, 3 * run.upperBound)
            for i in 0..<7 {
                let line = base + i * length
                if left < 0 { line[0] = .zero }
                for x in columns.upperBound - left..<3 * run.count + 1 { line[x] = .zero }
            }
            for x in columns {
                let t = WinogradUpTile.input(r0[x] * style, r1[x] * style, r2[x] * style, r3[x] * style)
                let to = base + x - left
                to[0] = t.0
                to[length] = t.1
                to[2 * length] = t.2
                to[3 * length] = t.3
                to[4 * length] = t.4
                to[5 * length] = t.5
                to[6 * length] = t.6
            }
            for i in 0..<7 {
                let source = base + i * length
                func place(_ j: Int) -> UnsafeMutablePointer<Format.Row> {
                    let (set, matrix, row) = Self.place(i, j)
                    return result + run.lowerBound
                        + matrices.source(set: set, matrix: matrix, row: row, block: block)
                }
                let to = (place(0), place(1), place(2), place(3), place(4), place(5), place(6))
                for tile in 0..<run.count {
                    let d = source + 3 * tile
                    let t = WinogradUpTile.input(d[0], d[1], d[2], d[3])
                    to.0[tile] = Format.row(t.0)
                    to.1[tile] = Format.row(t.1)
                    to.2[tile] = Format.row(t.2)
                    to.3[tile] = Format.row(t.3)
                    to.4[tile] = Format.row(t.4)
                    to.5[tile] = Format.row(t.5)
                    to.6[tile] = Format.row(t.6)
                }
            }
        }
    }

    /// Transforms one line of tiles back: `window` then holds rows 6τ − 3 … 6τ + 5 of t.
    private func gather(
        _ source: UnsafeMutablePointer<Vector>, _ matrices: StripMatrices, line: Int, isFirstOfStrip: Bool,
        block: Int
    ) {
        let rowLength = rowLength
        let rows = window.pixels
        if line == 0 {
            rows.update(repeating: .zero, count: 3 * rowLength)
        } else if isFirstOfStrip {
            rows.update(from: carried.pixels + 3 * block * rowLength, count: 3 * rowLength)
        } else {
            rows.update(from: rows + 6 * rowLength, count: 3 * rowLength)
        }
        let new = rows + 3 * rowLength + 1
        // The points of a column stand one after the other.
        var points = InlineArray<49, UnsafeMutablePointer<Vector>>(repeating: source)
        for i in 0..<7 {
            for j in 0..<7 {
                let (set, matrix, row) = Self.place(i, j)
                points[7 * j + i] += matrices.result(set: set, matrix: matrix, row: row, block: block)
            }
        }
        for tile in 0..<layout.tilesAcross {
            @inline(__always)
            func column(_ j: Int) -> WinogradTile.Six {
                WinogradUpTile.output(
                    points[7 * j][tile], points[7 * j + 1][tile], points[7 * j + 2][tile],
                    points[7 * j + 3][tile], points[7 * j + 4][tile], points[7 * j + 5][tile],
                    points[7 * j + 6][tile])
            }
            let (c0, c1, c2) = (column(0), column(1), column(2))
            let (c3, c4, c5, c6) = (column(3), column(4), column(5), column(6))
            @inline(__always)
            func write(_ y: Int, _ t: WinogradTile.Six) {
                let to = new + y * rowLength + 6 * tile
                to[0] = t.0
                to[1] = t.1
                to[2] = t.2
                to[3] = t.3
                to[4] = t.4
                to[5] = t.5
            }
            write(0, WinogradUpTile.output(c0.0, c1.0, c2.0, c3.0, c4.0, c5.0, c6.0))
            write(1, WinogradUpTile.output(c0.1, c1.1, c2.1, c3.1, c4.1, c5.1, c6.1))
            write(2, WinogradUpTile.output(c0.2, c1.2, c2.2, c3.2, c4.2, c5.2, c6.2))
            write(3, WinogradUpTile.output(c0.3, c1.3, c2.3, c3.3, c4.3, c5.3, c6.3))
            write(4, WinogradUpTile.output(c0.4, c1.4, c2.4, c3.4, c4.4, c5.4, c6.4))
            write(5, WinogradUpTile.output(c0.5, c1.5, c2.5, c3.5, c4.5, c5.5, c6.5))
        }
    }

    /// Filters what is in `window`, finishes the pixels and writes them into one plane of the output.
    private func filter<Finish: PixelFinish>(
        _ call: StripCall, sample: Int, line: Int, block: Int, _: Finish.Type
    ) {
        let (outputWidth, outputHeight, rowLength) = (2 * width, 2 * height, rowLength)
        let (scale, bias) = call.scaleAndBias(sample: sample, block: block)
        let limit = call.limit
        call.withNoise { noise, step in
            for k in 0..<6 {
                let y = 6 * line - 2 + k
                guard y >= 0, y < outputHeight else { continue }
                let t = window.pixels + k * rowLength
                @inline(__always)
                func down(_ x: Int) -> Vector {
                    let outer = t[x] + t[3 * rowLength + x]
                    let inner = t[rowLength + x] + t[2 * rowLength + x]
                    return outer.addingProduct(inner, Vector(repeating: 3))
                }
                let to = call.outputRow(y, sample: sample, block: block)
                let n = noise + y * outputWidth * step
                // Column x of t stands at x + 1: output x takes those from x to x + 3.
                var (left, middle, right) = (down(0), down(1), down(2))
                for x in 0..<outputWidth {
                    let next = down(x + 3)
                    let sum =
                        (left + next).addingProduct(middle + right, Vector(repeating: 3)) * Float(1.0 / 16)
                    to[x] = Finish.apply(sum, scale: scale, bias: bias, noise: n[x * step], limit: limit)
                    (left, middle, right) = (middle, right, next)
                }
            }
        }
    }
}
