/// y = A x for a tall matrix of float32, row by row: every number of it is read once, so memory sets the speed.
///
/// Written out, for it is the one product of a query, and a BLAS library would take longer to load than this to run.
enum MatrixVectorProduct {
    private typealias Vector = SIMD16<Float>

    /// - Parameters:
    ///   - rows: row-major `[count, x.count]`.
    ///   - results: room for `count` numbers, initialised here.
    static func compute(
        _ rows: UnsafeBufferPointer<Float>, _ x: UnsafeBufferPointer<Float>,
        into results: UnsafeMutablePointer<Float>?, count: Int
    ) {
        precondition(rows.count == count * x.count)
        guard let results, let matrix = rows.baseAddress, let x = UnsafeRawPointer(x.baseAddress) else {
            results?.initialize(repeating: 0, count: count)
            return
        }
        let width = rows.count / max(count, 1)
        for row in 0..<count {
            (results + row).initialize(to: product(UnsafeRawPointer(matrix + row * width), x, count: width))
        }
    }

    /// Both pointers lead to `count` numbers. Four sums of 16 lanes each keep as many loads under way.
    private static func product(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, count: Int) -> Float {
        var (sum0, sum1, sum2, sum3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
        let size = MemoryLayout<Vector>.size
        let end = count * MemoryLayout<Float>.size
        var at = 0
        while at + 4 * size <= end {
            sum0 += vector(a, at) * vector(b, at)
            sum1 += vector(a, at + size) * vector(b, at + size)
            sum2 += vector(a, at + 2 * size) * vector(b, at + 2 * size)
            sum3 += vector(a, at + 3 * size) * vector(b, at + 3 * size)
            at += 4 * size
        }
        while at + size <= end {
            sum0 += vector(a, at) * vector(b, at)
            at += size
        }
        var rest: Float = 0
        while at < end {
            rest +=
                a.loadUnaligned(fromByteOffset: at, as: Float.self)
                * b.loadUnaligned(fromByteOffset: at, as: Float.self)
            at += MemoryLayout<Float>.size
        }
        return ((sum0 + sum1) + (sum2 + sum3)).sum() + rest
    }

    @inline(__always)
    private static func vector(_ numbers: UnsafeRawPointer, _ offset: Int) -> Vector {
        numbers.loadUnaligned(fromByteOffset: offset, as: Vector.self)
    }
}
