/// The channels of a block that lie side by side in a map.
///
/// What the standard library has for any `SIMD` only lane by lane (comparisons, sums) is spelled out here for the two
/// sizes, which the compiler turns into single instructions.
protocol ChannelVector: SIMD where Scalar == Float {
    /// The larger of both in each lane.
    static func larger(_ a: Self, _ b: Self) -> Self
    /// The sum of the lanes, halves added to halves.
    var total: Float { get }
}

extension SIMD16<Float>: ChannelVector {
    @inline(__always)
    static func larger(_ a: Self, _ b: Self) -> Self { a.replacing(with: b, where: a .< b) }

    @inline(__always)
    var total: Float { (lowHalf + highHalf).total }
}

extension SIMD8<Float>: ChannelVector {
    @inline(__always)
    static func larger(_ a: Self, _ b: Self) -> Self { a.replacing(with: b, where: a .< b) }

    @inline(__always)
    var total: Float {
        let four = lowHalf + highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}
