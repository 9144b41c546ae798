import Directions
import Tensors

/// What R_c = ∆i_c · ∆t costs for a table of 6,048×512, beside what the machine can do.
struct ProductBenchmark {
    private static let (channels, dimension, phrases) = (6048, 512, 1000)
    /// Tables beyond any cache: each is read once, as a query reads its one.
    private static let tables = 24

    /// Bytes a second of the product for one phrase, and of only reading the same memory, on one thread: in a row or in
    /// four streams, whichever is faster.
    func onePhrase() throws -> (product: Double, reading: Double) {
        let size = Self.channels * Self.dimension
        let numbers = [Float](unsafeUninitializedCapacity: Self.tables * size) { buffer, count in
            for i in 0..<Self.tables * size { buffer.initializeElement(at: i, to: Float(i & 255) / 256) }
            count = Self.tables * size
        }
        let direction = try TextDirection([Float](repeating: 1, count: Self.dimension))
        let bytes = Double(Self.tables * size * MemoryLayout<Float>.size)
        return try numbers.withUnsafeBufferPointer { numbers in
            let product = try best {
                for table in 0..<Self.tables {
                    let rows = UnsafeBufferPointer(rebasing: numbers[table * size..<(table + 1) * size])
                    let found = try RelevanceTable.relevance(
                        ofRows: rows, channels: Self.channels, to: direction)
                    keep(found[0])
                }
            }
            let memory = UnsafeRawBufferPointer(numbers)
            let inARow = best { keep(Self.sum(memory, streams: 1)) }
            let inStreams = best { keep(Self.sum(memory, streams: 4)) }
            return (bytes / product, bytes / min(inARow, inStreams))
        }
    }

    /// Operations a second of the product for a thousand phrases, and of OpenBLAS's own square product at its best, on
    /// as many threads as it takes; nil without OpenBLAS.
    func manyPhrases() -> (product: Double, peak: Double)? {
        var random = NumPyRandomState(seed: 1)
        let table = random.gaussians(Self.channels * Self.dimension)
        let text = random.gaussians(Self.phrases * Self.dimension)
        let side = 2048
        let square = [Float](repeating: 0.5, count: side * side)
        func seconds(_ a: [Float], _ b: [Float], _ m: Int, _ n: Int, _ k: Int) -> Double? {
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    guard MatrixProduct.compute(a, b, m: m, n: n, k: k) != nil else { return nil }
                    return best { keep(MatrixProduct.compute(a, b, m: m, n: n, k: k)?.first ?? 0) }
                }
            }
        }
        guard let product = seconds(text, table, Self.phrases, Self.channels, Self.dimension),
            let peak = seconds(square, square, side, side, side)
        else { return nil }
        return (
            2 * Double(Self.phrases * Self.channels * Self.dimension) / product,
            2 * Double(side * side * side) / peak
        )
    }

    /// Adds up memory as fast as it comes, four vectors at a time: neighbours, or one of each quarter.
    private static func sum(_ memory: UnsafeRawBufferPointer, streams: Int) -> Float {
        typealias Vector = SIMD16<Float>
        var sums = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
        let size = MemoryLayout<Vector>.size
        let (step, next) = streams == 1 ? (4 * size, size) : (size, memory.count / (4 * size) * size)
        for turn in 0..<memory.count / (4 * size) {
            let at = turn * step
            sums.0 += memory.loadUnaligned(fromByteOffset: at, as: Vector.self)
            sums.1 += memory.loadUnaligned(fromByteOffset: at + next, as: Vector.self)
            sums.2 += memory.loadUnaligned(fromByteOffset: at + 2 * next, as: Vector.self)
            sums.3 += memory.loadUnaligned(fromByteOffset: at + 3 * next, as: Vector.self)
        }
        return ((sums.0 + sums.1) + (sums.2 + sums.3)).sum()
    }

    /// The shortest of seven times, in seconds.
    private func best(_ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<7 {
            let began = ContinuousClock.now
            try body()
            best = min(best, began.duration(to: .now) / .seconds(1))
        }
        return best
    }
}

/// Keeps the optimiser from leaving out what led to a value.
@inline(never) private func keep(_ value: Float) { withExtendedLifetime(value) {} }
