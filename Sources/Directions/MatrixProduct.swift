import Glibc

/// C = A Bᵀ of float32 matrices by OpenBLAS, which is loaded when the first product is asked for: most queries are of
/// one phrase and do without.
package enum MatrixProduct {
    private typealias Multiply =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
            UnsafePointer<Float>,
            Int32, Float, UnsafeMutablePointer<Float>, Int32
        ) -> Void

    /// `cblas_sgemm`; nil where the library is not installed.
    private static let multiply: Multiply? = {
        // Debian 12's release of OpenBLAS knows no AMD processor with AVX-512, and takes kernels of half the speed. What
        // the user says goes first.
        if Processor.has("avx512dq") { setenv("OPENBLAS_CORETYPE", "SkylakeX", 0) }
        guard let library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL),
            let symbol = dlsym(library, "cblas_sgemm")
        else { return nil }
        return unsafeBitCast(symbol, to: Multiply.self)
    }()

    /// Values of the enumerations in cblas.h.
    private static let (rowMajor, asItIs, transposed): (Int32, Int32, Int32) = (101, 111, 112)

    /// - Parameters:
    ///   - a: row-major `[m, k]`.
    ///   - b: row-major `[n, k]`.
    /// - Returns: row-major `[m, n]`; nil where there is no OpenBLAS, or a size is beyond its integers.
    package static func compute(
        _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>, m: Int, n: Int, k: Int
    ) -> [Float]? {
        precondition(a.count == m * k && b.count == n * k)
        guard let multiply, let left = a.baseAddress, let right = b.baseAddress, let rows = Int32(exactly: m),
            let columns = Int32(exactly: n), let depth = Int32(exactly: k), depth > 0
        else { return nil }
        return [Float](unsafeUninitializedCapacity: m * n) { result, count in
            guard let target = result.baseAddress else { return }
            multiply(
                rowMajor, asItIs, transposed, rows, columns, depth, 1, left, depth, right, depth, 0, target,
                max(columns, 1))
            count = m * n
        }
    }
}
