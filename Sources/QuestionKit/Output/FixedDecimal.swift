/// Numbers as people read them, with a fixed number of places; Foundation's formatting would be loaded for nothing else.
package enum FixedDecimal {
    /// As C's `%.nf`, but with ties away from zero.
    /// - Parameter places: From 0 to 9.
    package static func text(_ value: Double, places: Int) -> String {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (abs(value) * scale).rounded()
        // Beyond 2^53 a double has no places to show.
        guard scaled < 9e15 else { return value.description }
        let digits = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return sign + padded }
        return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }
}
