/// Numbers in [-1, 1] as whole multiples of 2^-40, so that sums do not depend on the order of their terms.
///
/// Integer addition is associative and commutative, floating-point addition is neither: with it, the number of
/// workers, an interruption or a merge would show in the last bits of a table.
public enum FixedPoint {
    /// The binary places after the point.
    public static let places = 40

    /// The integer that stands for 1.
    public static let one: Int64 = 1 << Int64(places)

    /// The nearest multiple of 2^-40, with numbers beyond ±1 (a unit vector's component may be so by rounding)
    /// taken as ±1.
    ///
    /// A float32 times 2^40 is exact in float64, so only the rounding to a whole number loses anything.
    public static func encode(_ value: Double) -> Int64 {
        Int64((max(-1, min(1, value)) * Double(one)).rounded())
    }

    /// The number that `value` stands for.
    public static func decode(_ value: Int64) -> Double { Double(value) / Double(one) }
}
