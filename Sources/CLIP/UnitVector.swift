/// Vectors of length 1.
enum UnitVector {
    /// Divides a vector by its length. One of length 0, or that is not finite, becomes NaN.
    static func normalise(_ vector: UnsafeMutableBufferPointer<Float>) {
        var squared = 0.0
        for value in vector { squared += Double(value) * Double(value) }
        let scale = 1 / squared.squareRoot()
        for i in vector.indices { vector[i] = Float(Double(vector[i]) * scale) }
    }

    /// The vector-Jacobian product of E = e / |e|: ē = (Ē − E (E · Ē)) / |e|.
    static func gradient(
        _ gradient: UnsafeBufferPointer<Float>, at unit: [Float], length: Double,
        into result: UnsafeMutableBufferPointer<Float>
    ) {
        var along = 0.0
        for i in unit.indices { along += Double(unit[i]) * Double(gradient[i]) }
        for i in unit.indices {
            result[i] = Float((Double(gradient[i]) - Double(unit[i]) * along) / length)
        }
    }
}
