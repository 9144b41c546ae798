extension SIMD16<Float> {
    /// eˣ of each number up to 88, within 2 units in the last place; from −80 down the same as at −80, a number still that
    /// can be divided without becoming subnormal.
    ///
    /// 2ⁿ eʳ with |r| ≤ ln 2 / 2, and eʳ by the polynomial of Cephes' `expf`. A NaN stays one.
    @inline(__always)
    func exponential() -> Self {
        let x = replacing(with: -80, where: self .< -80)
        // Adding 1.5 × 2²³ leaves the whole number in the last bits.
        let shifted = x * 1.442_695_04 + 12_582_912
        let n = shifted - 12_582_912
        let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
        var p = r * 1.987_569_15e-4 + 1.398_199_95e-3
        p = p * r + 8.333_451_91e-3
        p = p * r + 4.166_579_59e-2
        p = p * r + 0.166_666_655
        p = p * r + 0.500_000_012
        let power = p * r * r + r + 1
        let exponent = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &<< 23
        let result = unsafeBitCast(unsafeBitCast(power, to: SIMD16<Int32>.self) &+ exponent, to: Self.self)
        // Added to a NaN's bits, the exponent may make a number of them.
        return result.replacing(with: self, where: self .!= self)
    }
}
