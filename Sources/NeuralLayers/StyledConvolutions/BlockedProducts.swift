/// Products of many matrices, C = A B, whose columns stand in blocks of 16 as the channels of maps do.
///
/// A `[count, I/16, R, 16]` and C `[count, O/16, R, 16]` with one vector between matrices, so that the same place of all of
/// them does not fall into one set of the cache. A result is one chain of sums over I, whatever R is: a row's bits depend on
/// that row alone.
///
/// A kernel keeps 8 rows of 3 blocks in 24 of the processor's 32 vector registers and reads what it needs in order. Beside a
/// library's products of row-major matrices nothing is copied to be reordered, before or behind. Where I is large, it goes
/// through in parts, whose sums wait in C for the next: the factors of a panel that all rows share stay in the first cache.
struct BlockedProducts: Sendable {
    typealias Vector = SIMD16<Float>

    let count: Int
    /// R, a multiple of 4.
    let rows: Int
    let inputBlocks, outputBlocks: Int

    /// Of A: half of a second-level cache of a megabyte.
    private static let vectorsAtOnce = 8192
    /// Of I: their factors for a panel of three are half of a first-level cache of 48 KiB.
    private static let inputBlocksAtOnce = 8
    /// With fewer rows nothing is read often enough for parts to pay.
    private static let rowsForParts = 64

    /// At least so many rows, in whole kernels.
    static func rows(_ count: Int) -> Int { (count + 3) / 4 * 4 }

    func panels<Format: ProductFormat>(_: Format.Type) -> ProductPanels {
        ProductPanels(factors: inputBlocks * Format.Row.scalarCount, outputBlocks: outputBlocks)
    }

    /// The vectors from a matrix of A to the next, and of C.
    var sourceStep: Int { rows * inputBlocks + 1 }
    var resultStep: Int { rows * outputBlocks + 1 }

    /// - Parameters:
    ///   - source: A
    ///   - weights: B, as `ProductPanels` says.
    ///   - result: C
    func callAsFunction<Format: ProductFormat>(
        _ format: Format.Type, _ source: UnsafePointer<Format.Row>, _ weights: UnsafePointer<Format.Factors>,
        into result: UnsafeMutablePointer<Vector>
    ) {
        let panels = panels(format)
        // So many rows at a time that they stay in the second-level cache for all panels.
        let rowsAtOnce = max(8, Self.vectorsAtOnce / inputBlocks / 8 * 8)
        let inputBlocksAtOnce = rows < Self.rowsForParts ? inputBlocks : Self.inputBlocksAtOnce
        for matrix in 0..<count {
            let a = source + matrix * sourceStep
            let b = weights + matrix * panels.vectors
            let c = result + matrix * resultStep
            for first in stride(from: 0, to: rows, by: rowsAtOnce) {
                let some = first..<min(first + rowsAtOnce, rows)
                for panel in 0..<panels.count {
                    let (block, width) = panels[panel]
                    let (by, to) = (b + block * panels.factors, c + block * rows)
                    for first in stride(from: 0, to: inputBlocks, by: inputBlocksAtOnce) {
                        let part = first..<min(first + inputBlocksAtOnce, inputBlocks)
                        switch width {
                        case 3: multiplyByThree(format, some, part, a, by, to)
                        case 2: multiplyByTwo(format, some, part, a, by, to)
                        default: multiplyByOne(format, some, part, a, by, to)
                        }
                    }
                }
            }
        }
    }

    // Compiled apart, so that each has all registers.
    @inline(never)
    private func multiplyByThree<Format: ProductFormat>(
        _ format: Format.Type, _ some: Range<Int>, _ part: Range<Int>, _ a: UnsafePointer<Format.Row>,
        _ b: UnsafePointer<Format.Factors>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        multiply(
            format, some, part, width: 3, InlineArray<24, Vector>(repeating: .zero),
            InlineArray<12, Vector>(repeating: .zero), a, b, c)
    }

    @inline(never)
    private func multiplyByTwo<Format: ProductFormat>(
        _ format: Format.Type, _ some: Range<Int>, _ part: Range<Int>, _ a: UnsafePointer<Format.Row>,
        _ b: UnsafePointer<Format.Factors>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        multiply(
            format, some, part, width: 2, InlineArray<16, Vector>(repeating: .zero),
            InlineArray<8, Vector>(repeating: .zero), a, b, c)
    }

    @inline(never)
    private func multiplyByOne<Format: ProductFormat>(
        _ format: Format.Type, _ some: Range<Int>, _ part: Range<Int>, _ a: UnsafePointer<Format.Row>,
        _ b: UnsafePointer<Format.Factors>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        multiply(
            format, some, part, width: 1, InlineArray<8, Vector>(repeating: .zero),
            InlineArray<4, Vector>(repeating: .zero), a, b, c)
    }

    /// Some rows by one panel: eight at a time, then four.
    @inline(__always)
    private func multiply<Format: ProductFormat, let eightRows: Int, let fourRows: Int>(
        _ format: Format.Type, _ some: Range<Int>, _ part: Range<Int>, width: Int,
        _ zeros: InlineArray<eightRows, Vector>,
        _ fewerZeros: InlineArray<fourRows, Vector>, _ a: UnsafePointer<Format.Row>,
        _ b: UnsafePointer<Format.Factors>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        var row = some.lowerBound
        while row + 8 <= some.upperBound {
            kernel(format, part, zeros, rows: 8, width: width, a + row, b, c + row)
            row += 8
        }
        if row < some.upperBound {
            kernel(format, part, fewerZeros, rows: 4, width: width, a + row, b, c + row)
        }
    }

    /// - Parameter zeros: `[rows, width]`
    @inline(__always)
    private func kernel<Format: ProductFormat, let sumCount: Int>(
        _: Format.Type, _ part: Range<Int>, _ zeros: InlineArray<sumCount, Vector>, rows: Int, width: Int,
        _ source: UnsafePointer<Format.Row>,
        _ panel: UnsafePointer<Format.Factors>, _ result: UnsafeMutablePointer<Vector>
    ) {
        var sums = zeros
        if part.lowerBound > 0 {
            for column in 0..<width {
                for row in 0..<rows { sums[width &* row &+ column] = result[column &* self.rows &+ row] }
            }
        }
        var a = UnsafeRawPointer(source + part.lowerBound * self.rows)
            .assumingMemoryBound(to: Format.Factor.self)
        var b = panel + part.lowerBound * Format.Row.scalarCount * width
        for _ in part {
            for factor in 0..<Format.Row.scalarCount {
                for row in 0..<rows {
                    let x = a[Format.Row.scalarCount &* row &+ factor]
                    for column in 0..<width {
                        Format.add(x, b[width &* factor &+ column], to: &sums[width &* row &+ column])
                    }
                }
            }
            a += Format.Row.scalarCount &* self.rows
            b += Format.Row.scalarCount &* width
        }
        for column in 0..<width {
            for row in 0..<rows { result[column &* self.rows &+ row] = sums[width &* row &+ column] }
        }
    }
}
