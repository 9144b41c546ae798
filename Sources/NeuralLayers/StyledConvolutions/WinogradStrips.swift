import Tensors

/// `StyledConvolution`'s kernel for maps that keep their size: Winograd's F(4×4, 3×3), 36 products of matrices a strip.
///
/// Belongs to one thread at a time.
final class WinogradStrips {
    private typealias Vector = SIMD16<Float>
    /// A matrix a point, with a row a tile.
    static let sets: [StripMatrices.MatrixSet] = [(36, 1)]

    private let height, width: Int
    private let weights: StyledWeights
    let layout: StripLayout
    private let transformed, multiplied: MemoryBlock
    /// Six lines of a run of tiles, transformed down their columns or back along themselves.
    private let lines: MemoryBlock
    private static let lineLength = 4 * StripLayout.tilesPerRun + 2
    /// What lies above and below a map.
    private let zeros: MemoryBlock

    init(_ shape: ConvolutionShape, _ layout: StripLayout, weights: StyledWeights, _ memory: StripMemory) {
        height = shape.height
        width = shape.width
        self.weights = weights
        self.layout = layout
        lines = MemoryBlock(byteCount: 6 * Self.lineLength * 64)
        zeros = MemoryBlock(byteCount: shape.width * 64)
        transformed = memory.transformed
        multiplied = memory.multiplied
    }

    func multiply<Format: ProductFormat>(_ format: Format.Type, _ strip: Range<Int>) {
        layout.matrices(of: strip).multiply(format, transformed, weights.block, into: multiplied)
    }

    /// The rows of its input that the first lines of a sample take.
    func inputRows(lines: Int) -> Int { min(height, 4 * lines + 1) }

    /// The rows of a sample's output that its first lines give.
    func outputRows(lines: Int) -> Int { min(height, 4 * lines) }

    func run<Finish: PixelFinish, Format: ProductFormat>(
        _ call: StripCall, _ strip: Range<Int>, _: Finish.Type, _ format: Format.Type
    ) {
        let first = strip.lowerBound
        let product = layout.matrices(of: strip).products[0]
        for line in strip {
            let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
            let row = transformed.pointer(to: Format.Row.self) + (line - first) * layout.tilesAcross
            for block in 0..<weights.inputBlocks {
                spread(
                    format, call, sample: sample, block: block, line: y, into: row + block * product.rows,
                    point: product.sourceStep)
            }
        }
        multiply(format, strip)
        for line in strip {
            let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
            let row = multiplied.pixels + (line - first) * layout.tilesAcross
            for block in 0..<weights.outputBlocks {
                gather(
                    row + block * product.rows, point: product.resultStep, line: y, call,
                    sample: sample, block: block, Finish.self)
            }
        }
    }

    /// Transforms one line of tiles of one plane: down its columns into six lines, then along each.
    /// - Parameters:
    ///   - result: The first tile's first point.
    ///   - point: From a point to the next.
    private func spread<Format: ProductFormat>(
        _: Format.Type, _ call: StripCall, sample: Int, block: Int, line: Int,
        into result: UnsafeMutablePointer<Format.Row>, point: Int
    ) {
        let (width, height, zeros) = (width, height, zeros.pixels)
        let style = call.style(sample: sample, block: block)
        func row(_ i: Int) -> UnsafeMutablePointer<Vector> {
            let y = 4 * line - 1 + i
            return y >= 0 && y < height ? call.inputRow(y, sample: sample, block: block) : zeros
        }
        let (r0, r1, r2, r3, r4, r5) = (row(0), row(1), row(2), row(3), row(4), row(5))
        let length = Self.lineLength
        let base = lines.pixels
        layout.forEachRun { run in
            // The run's lines begin a column before it and end a column behind it; beyond the map there are zeros.
            let left = 4 * run.lowerBound - 1
            let columns = max(0, left)..<min(width, 4 * run.upperBound + 1)
            for i in 0..<6 {
                let line = base + i * length
                if left < 0 { line[0] = .zero }
                for x in columns.upperBound - left..<4 * run.count + 2 { line[x] = .zero }
            }
            for x in columns {
                let t = WinogradTile.input(
                    r0[x] * style, r1[x] * style, r2[x] * style, r3[x] * style, r4[x] * style, r5[x] * style)
                let to = base + x - left
                to[0] = t.0
                to[length] = t.1
                to[2 * length] = t.2
                to[3 * length] = t.3
                to[4 * length] = t.4
                to[5 * length] = t.5
            }
            for i in 0..<6 {
                let source = base + i * length
                let place = result + 6 * i * point + run.lowerBound
                for tile in 0..<run.count {
                    let d = source + 4 * tile
                    let t = WinogradTile.input(d[0], d[1], d[2], d[3], d[4], d[5])
                    let to = place + tile
                    to[0] = Format.row(t.0)
                    to[point] = Format.row(t.1)
                    to[2 * point] = Format.row(t.2)
                    to[3 * point] = Format.row(t.3)
                    to[4 * point] = Format.row(t.4)
                    to[5 * point] = Format.row(t.5)
                }
            }
        }
    }

    /// Transforms one line of tiles back, along each of six lines and then down their columns, finishes its pixels and writes
    /// them into one plane of the output.
    private func gather<Finish: PixelFinish>(
        _ source: UnsafeMutablePointer<Vector>, point: Int, line: Int, _ call: StripCall, sample: Int,
        block: Int, _: Finish.Type
    ) {
        let (base, length) = (lines.pixels, Self.lineLength)
        let (width, rows) = (width, min(4, height - 4 * line))
        let (scale, bias) = call.scaleAndBias(sample: sample, block: block)
        let limit = call.limit
        func row(_ i: Int) -> UnsafeMutablePointer<Vector> {
            call.outputRow(4 * line + min(i, rows - 1), sample: sample, block: block)
        }
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3))
        @inline(__always)
        func finished(_ x: Vector, _ noise: Float) -> Vector {
            Finish.apply(x, scale: scale, bias: bias, noise: noise, limit: limit)
        }
        call.withNoise { noise, step in
            let noise = noise + 4 * line * width * step
            let down = width * step
            layout.forEachRun { run in
                for i in 0..<6 {
                    let from = source + 6 * i * point + run.lowerBound
                    let target = base + i * length
                    for tile in 0..<run.count {
                        let m = from + tile
                        let t = WinogradTile.output(
                            m[0], m[point], m[2 * point], m[3 * point], m[4 * point], m[5 * point])
                        let to = target + 4 * tile
                        to[0] = t.0
                        to[1] = t.1
                        to[2] = t.2
                        to[3] = t.3
                    }
                }
                let left = 4 * run.lowerBound
                for x in left..<min(width, 4 * run.upperBound) {
                    let t = base + x - left
                    let y = WinogradTile.output(
                        t[0], t[length], t[2 * length], t[3 * length], t[4 * length], t[5 * length])
                    let n = noise + x * step
                    r0[x] = finished(y.0, n[0])
                    if rows > 1 { r1[x] = finished(y.1, n[down]) }
                    if rows > 2 { r2[x] = finished(y.2, n[2 * down]) }
                    if rows > 3 { r3[x] = finished(y.3, n[3 * down]) }
                }
            }
        }
    }
}
