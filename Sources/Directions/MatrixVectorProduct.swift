/// y = A x for a tall matrix of float32: every number of it is read once, so memory sets the speed.
///
/// Written out, for it is the one product of a query, and a BLAS library would take longer to load than this to run. Four
/// rows from four quarters of the matrix go side by side: as many streams as that keep memory busier than one does.
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
        guard let results, let matrix = UnsafeRawPointer(rows.baseAddress),
            let vector = UnsafeRawPointer(x.baseAddress)
        else {
            results?.initialize(repeating: 0, count: count)
            return
        }
        let size = x.count * MemoryLayout<Float>.size
        let quarter = count / 4
        for row in 0..<quarter {
            let one = matrix + row * size
            let (two, three, four) = (
                one + quarter * size, one + 2 * quarter * size, one + 3 * quarter * size
            )
            var (sum1, sum2, sum3, sum4) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
            var at = 0
            while at + MemoryLayout<Vector>.size <= size {
                let x = load(vector, at)
                sum1 += load(one, at) * x
                sum2 += load(two, at) * x
                sum3 += load(three, at) * x
                sum4 += load(four, at) * x
                at += MemoryLayout<Vector>.size
            }
            (results + row).initialize(to: total(sum1) + rest(one, vector, at..<size))
            (results + row + quarter).initialize(to: total(sum2) + rest(two, vector, at..<size))
            (results + row + 2 * quarter).initialize(to: total(sum3) + rest(three, vector, at..<size))
            (results + row + 3 * quarter).initialize(to: total(sum4) + rest(four, vector, at..<size))
        }
        // Up to three rows more, each summed in the same order.
        for row in 4 * quarter..<count {
            let one = matrix + row * size
            var sum = Vector.zero
            var at = 0
            while at + MemoryLayout<Vector>.size <= size {
                sum += load(one, at) * load(vector, at)
                at += MemoryLayout<Vector>.size
            }
            (results + row).initialize(to: total(sum) + rest(one, vector, at..<size))
        }
    }

    /// The products of the bytes that fill no vector.
    @inline(__always)
    private static func rest(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ bytes: Range<Int>) -> Float {
        var sum: Float = 0
        for at in stride(from: bytes.lowerBound, to: bytes.upperBound, by: MemoryLayout<Float>.size) {
            sum +=
                a.loadUnaligned(fromByteOffset: at, as: Float.self)
                * b.loadUnaligned(fromByteOffset: at, as: Float.self)
        }
        return sum
    }

    /// By halves: lane by lane it would take as long as the products of a row.
    @inline(__always)
    private static func total(_ vector: Vector) -> Float {
        let eight = vector.lowHalf + vector.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }

    @inline(__always)
    private static func load(_ numbers: UnsafeRawPointer, _ offset: Int) -> Vector {
        numbers.loadUnaligned(fromByteOffset: offset, as: Vector.self)
    }
}
