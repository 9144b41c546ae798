/// Products of many matrices, C = A B, whose columns stand in blocks of 16 as the channels of maps do.
///
/// A `[count, I/16, R, 16]` and C `[count, O/16, R, 16]` with one vector between matrices, so that the same place of all of
/// them does not fall into one set of the cache. A result is one chain of sums over I, whatever R is: a row's bits depend on
/// that row alone.
///
/// A kernel keeps 8 rows of 3 blocks in 24 of the processor's 32 vector registers and reads what it needs in order. Beside a
/// library's products of row-major matrices nothing is copied to be reordered, before or behind.
struct BlockedProducts {
    typealias Vector = SIMD16<Float>

    let count: Int
    /// R, a multiple of 4.
    let rows: Int
    let inputBlocks, outputBlocks: Int

    /// At least so many rows, in whole kernels.
    static func rows(_ count: Int) -> Int { (count + 3) / 4 * 4 }

    var panels: Panels { Panels(inputs: inputBlocks * 16, outputBlocks: outputBlocks) }

    /// The vectors from a matrix of A to the next, and of C.
    var sourceStep: Int { rows * inputBlocks + 1 }
    var resultStep: Int { rows * outputBlocks + 1 }

    /// - Parameters:
    ///   - source: A
    ///   - weights: B, as `Panels` says.
    ///   - result: C
    func callAsFunction(
        _ source: UnsafePointer<Vector>, _ weights: UnsafePointer<Vector>,
        into result: UnsafeMutablePointer<Vector>
    ) {
        let panels = panels
        // So many rows at a time that they stay in the second-level cache for all panels.
        let rowsAtOnce = max(8, 4096 / inputBlocks / 8 * 8)
        for matrix in 0..<count {
            let a = source + matrix * sourceStep
            let b = weights + matrix * panels.vectors
            let c = result + matrix * resultStep
            for first in stride(from: 0, to: rows, by: rowsAtOnce) {
                let some = first..<min(first + rowsAtOnce, rows)
                for panel in 0..<panels.count {
                    let (block, width) = panels[panel]
                    let (by, to) = (b + block * panels.inputs, c + block * rows)
                    switch width {
                    case 3: multiplyByThree(some, a, by, to)
                    case 2: multiplyByTwo(some, a, by, to)
                    default: multiplyByOne(some, a, by, to)
                    }
                }
            }
        }
    }

    // Compiled apart, so that each has all registers.
    @inline(never)
    private func multiplyByThree(
        _ some: Range<Int>, _ a: UnsafePointer<Vector>, _ b: UnsafePointer<Vector>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        multiply(
            some, width: 3, InlineArray<24, Vector>(repeating: .zero),
            InlineArray<12, Vector>(repeating: .zero), a, b, c)
    }

    @inline(never)
    private func multiplyByTwo(
        _ some: Range<Int>, _ a: UnsafePointer<Vector>, _ b: UnsafePointer<Vector>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        multiply(
            some, width: 2, InlineArray<16, Vector>(repeating: .zero),
            InlineArray<8, Vector>(repeating: .zero), a, b, c)
    }

    @inline(never)
    private func multiplyByOne(
        _ some: Range<Int>, _ a: UnsafePointer<Vector>, _ b: UnsafePointer<Vector>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        multiply(
            some, width: 1, InlineArray<8, Vector>(repeating: .zero),
            InlineArray<4, Vector>(repeating: .zero), a, b, c)
    }

    /// Some rows by one panel: eight at a time, then four.
    @inline(__always)
    private func multiply<let eightRows: Int, let fourRows: Int>(
        _ some: Range<Int>, width: Int, _ zeros: InlineArray<eightRows, Vector>,
        _ fewerZeros: InlineArray<fourRows, Vector>, _ a: UnsafePointer<Vector>, _ b: UnsafePointer<Vector>,
        _ c: UnsafeMutablePointer<Vector>
    ) {
        var row = some.lowerBound
        while row + 8 <= some.upperBound {
            kernel(zeros, rows: 8, width: width, a + row, b, c + row)
            row += 8
        }
        if row < some.upperBound { kernel(fewerZeros, rows: 4, width: width, a + row, b, c + row) }
    }

    /// - Parameter zeros: `[rows, width]`
    @inline(__always)
    private func kernel<let sumCount: Int>(
        _ zeros: InlineArray<sumCount, Vector>, rows: Int, width: Int, _ source: UnsafePointer<Vector>,
        _ panel: UnsafePointer<Vector>, _ result: UnsafeMutablePointer<Vector>
    ) {
        var sums = zeros
        var a = UnsafeRawPointer(source).assumingMemoryBound(to: Float.self)
        var b = panel
        for _ in 0..<inputBlocks {
            for input in 0..<16 {
                for row in 0..<rows {
                    let x = Vector(repeating: a[16 &* row &+ input])
                    for column in 0..<width {
                        sums[width &* row &+ column].addProduct(x, b[width &* input &+ column])
                    }
                }
            }
            a += 16 &* self.rows
            b += 16 &* width
        }
        for column in 0..<width {
            for row in 0..<rows { result[column &* self.rows &+ row] = sums[width &* row &+ column] }
        }
    }

    /// How the columns of B are cut into panels that a kernel takes at once: 3 blocks each, 2 where 3 do not come out even.
    /// A panel stands `[I, width, 16]`, the panels one after the other.
    struct Panels {
        let inputs: Int
        let outputBlocks: Int

        /// The vectors of one matrix.
        var vectors: Int { inputs * outputBlocks }
        var count: Int { (outputBlocks + 2) / 3 }
        private var triples: Int { outputBlocks == 1 ? 0 : count - (3 * count - outputBlocks) }

        /// A panel's first block, and how many it has.
        subscript(_ panel: Int) -> (block: Int, width: Int) {
            panel < triples
                ? (3 * panel, 3) : (3 * triples + 2 * (panel - triples), min(2, outputBlocks))
        }

        /// Where the first input's sixteen numbers for a block of outputs stand, and how far it is to the next input's.
        func place(block: Int) -> (first: Int, step: Int) {
            let panel = block < 3 * triples ? block / 3 : triples + (block - 3 * triples) / 2
            let (first, width) = self[panel]
            return (first * inputs + block - first, width)
        }
    }
}
