import Tensors

/// `StyledConvolution`'s kernel for maps that keep their size: Winograd's F(4×4, 3×3), 36 products of matrices a strip.
///
/// Belongs to one thread at a time.
final class WinogradStrips {
    private typealias Vector = SIMD16<Float>
    private static let points = 36

    private let height, width: Int
    private let inputBlocks, outputBlocks: Int
    let layout: StripLayout
    /// One for each length of strips.
    private let products: [Int: StackedProducts]
    /// `[36, tiles, I']` and `[36, tiles, O']`
    private let transformed, multiplied: MemoryBlock
    /// Six transformed lines between zeros, and a line of zeros.
    private let lines: MemoryBlock
    private let lineLength: Int

    init(
        _ shape: ConvolutionShape, _ layout: StripLayout, weights: StyledWeights, _ memory: StripMemory
    ) throws(NeuralLayerError) {
        height = shape.height
        width = shape.width
        inputBlocks = weights.inputBlocks
        outputBlocks = weights.outputBlocks
        self.layout = layout
        lineLength = 4 * layout.tilesAcross + 2
        lines = MemoryBlock(byteCount: 7 * lineLength * 64)
        transformed = memory.transformed
        multiplied = memory.multiplied
        var products: [Int: StackedProducts] = [:]
        for tiles in Set(layout.strips.map(layout.tiles)) {
            products[tiles] = try StackedProducts(
                count: Self.points, rows: tiles, inputs: inputBlocks * 16, outputs: outputBlocks * 16,
                from: .init(block: transformed), weights: .init(block: weights.block),
                into: .init(block: multiplied))
        }
        self.products = products
    }

    func runProducts() throws(NeuralLayerError) {
        for strip in layout.strips { try products[layout.tiles(strip)]?() }
    }

    func run<Finish: PixelFinish>(_ call: StripCall, _: Finish.Type) throws(NeuralLayerError) {
        var first = 0
        while first < layout.lines {
            let strip = first..<min(first + layout.linesPerStrip, layout.lines)
            let tiles = layout.tiles(strip)
            for line in strip {
                let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
                for block in 0..<inputBlocks {
                    spread(
                        call.plane(sample: sample, block: block), call.style(sample: sample, block: block),
                        line: y,
                        into: transformed.pixels + (line - first) * layout.tilesAcross * inputBlocks + block,
                        point: tiles * inputBlocks)
                }
            }
            try products[tiles]?()
            for line in strip {
                let (sample, y) = line.quotientAndRemainder(dividingBy: layout.tilesDown)
                for block in 0..<outputBlocks {
                    gather(
                        multiplied.pixels + (line - first) * layout.tilesAcross * outputBlocks + block,
                        point: tiles * outputBlocks, line: y, call, sample: sample, block: block, Finish.self)
                }
            }
            first = strip.upperBound
        }
    }

    /// Transforms one line of tiles of one plane: down its columns into six lines, then along each.
    /// - Parameters:
    ///   - result: The first tile's first point.
    ///   - point: From a point to the next.
    private func spread(
        _ plane: UnsafeMutablePointer<Vector>, _ style: Vector, line: Int,
        into result: UnsafeMutablePointer<Vector>, point: Int
    ) {
        let (width, height, lineLength) = (width, height, lineLength)
        // Lines begin with a zero and end with zeros; only what lies between is written.
        let base = lines.pixels
        let zeros = base + 6 * lineLength
        func row(_ i: Int) -> UnsafeMutablePointer<Vector> {
            let y = 4 * line - 1 + i
            return y >= 0 && y < height ? plane + y * width : zeros
        }
        let (r0, r1, r2, r3, r4, r5) = (row(0), row(1), row(2), row(3), row(4), row(5))
        let target = base + 1
        for x in 0..<width {
            let t = WinogradTile.input(
                r0[x] * style, r1[x] * style, r2[x] * style, r3[x] * style, r4[x] * style, r5[x] * style)
            target[x] = t.0
            target[lineLength + x] = t.1
            target[2 * lineLength + x] = t.2
            target[3 * lineLength + x] = t.3
            target[4 * lineLength + x] = t.4
            target[5 * lineLength + x] = t.5
        }
        for i in 0..<6 {
            let source = base + i * lineLength
            let place = result + 6 * i * point
            for tile in 0..<layout.tilesAcross {
                let d = source + 4 * tile
                let t = WinogradTile.input(d[0], d[1], d[2], d[3], d[4], d[5])
                let to = place + tile * inputBlocks
                to[0] = t.0
                to[point] = t.1
                to[2 * point] = t.2
                to[3 * point] = t.3
                to[4 * point] = t.4
                to[5 * point] = t.5
            }
        }
    }

    /// Transforms one line of tiles back, finishes its pixels and writes them into one plane of the output.
    private func gather<Finish: PixelFinish>(
        _ source: UnsafeMutablePointer<Vector>, point: Int, line: Int, _ call: StripCall, sample: Int,
        block: Int,
        _: Finish.Type
    ) {
        let (width, height, outputBlocks) = (width, height, outputBlocks)
        let (scale, bias) = call.scaleAndBias(sample: sample, block: block)
        let limit = call.limit
        let plane = call.output.row(sample * outputBlocks + block, 0)
        let rows = min(4, height - 4 * line)
        @inline(__always)
        func finished(_ x: Vector, _ noise: Float) -> Vector {
            Finish.apply(x, scale: scale, bias: bias, noise: noise, limit: limit)
        }
        call.withNoise { noise, step in
            for tile in 0..<layout.tilesAcross {
                let m = source + tile * outputBlocks
                @inline(__always)
                func column(_ j: Int) -> WinogradTile.Four {
                    let at = m + j * point
                    return WinogradTile.output(
                        at[0], at[6 * point], at[12 * point], at[18 * point], at[24 * point], at[30 * point])
                }
                let (c0, c1, c2, c3, c4, c5) = (
                    column(0), column(1), column(2), column(3), column(4), column(5)
                )
                let columns = min(4, width - 4 * tile)
                @inline(__always)
                func write(_ y: Int, _ t: WinogradTile.Four) {
                    let place = (4 * line + y) * width + 4 * tile
                    let to = plane + place
                    let n = noise + place * step
                    to[0] = finished(t.0, n[0])
                    if columns > 1 { to[1] = finished(t.1, n[step]) }
                    if columns > 2 { to[2] = finished(t.2, n[2 * step]) }
                    if columns > 3 { to[3] = finished(t.3, n[3 * step]) }
                }
                write(0, WinogradTile.output(c0.0, c1.0, c2.0, c3.0, c4.0, c5.0))
                if rows > 1 { write(1, WinogradTile.output(c0.1, c1.1, c2.1, c3.1, c4.1, c5.1)) }
                if rows > 2 { write(2, WinogradTile.output(c0.2, c1.2, c2.2, c3.2, c4.2, c5.2)) }
                if rows > 3 { write(3, WinogradTile.output(c0.3, c1.3, c2.3, c3.3, c4.3, c5.3)) }
            }
        }
    }
}
