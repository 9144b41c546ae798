import CBFloat16

/// How the factors of `BlockedProducts` lie in memory and are multiplied.
protocol ProductFormat {
    /// What a factor of A is multiplied by at a time: one number, or a pair of them.
    associatedtype Factor: SIMDScalar
    /// Sixteen numbers of a row of A.
    associatedtype Row: SIMD where Row.Scalar == Factor
    typealias Factors = SIMD16<Factor>

    static func row(_ numbers: SIMD16<Float>) -> Row
    /// Adds the products of one factor of A with sixteen of B.
    static func add(_ a: Factor, _ b: Factors, to sums: inout SIMD16<Float>)
}

enum Float32Format: ProductFormat {
    @inline(__always)
    static func row(_ numbers: SIMD16<Float>) -> SIMD16<Float> { numbers }

    @inline(__always)
    static func add(_ a: Float, _ b: SIMD16<Float>, to sums: inout SIMD16<Float>) {
        sums.addProduct(SIMD16(repeating: a), b)
    }
}

/// Pairs of bfloat16, of which the first is in the low half.
enum BFloat16Format: ProductFormat {
    @inline(__always)
    static func row(_ numbers: SIMD16<Float>) -> SIMD8<UInt32> {
        unsafeBitCast(bfloat16_round(numbers), to: SIMD8<UInt32>.self)
    }

    @inline(__always)
    static func add(_ a: UInt32, _ b: SIMD16<UInt32>, to sums: inout SIMD16<Float>) {
        sums = bfloat16_add_products(sums, SIMD16(repeating: a), b)
    }
}
