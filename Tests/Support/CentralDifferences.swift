import Tensors

/// A vector-Jacobian product beside what central differences of the forward pass say of it.
public enum CentralDifferences {
    /// The largest error along gaussian directions and along single coordinates, in parts of what is to be expected there:
    /// the gradient's length, and its root mean square.
    ///
    /// Along a direction v: ⟨ȳ, f(x + h v) − f(x − h v)⟩ / 2h beside ⟨x̄, v⟩.
    /// - Parameters:
    ///   - x: Where the Jacobian is taken.
    ///   - outputGradient: ȳ, of f's length.
    ///   - gradient: x̄, of x's length.
    ///   - step: h: 1 for a linear function, small for others.
    ///   - forward: f.
    public static func error(
        at x: [Float], outputGradient: [Float], gradient: [Float], step: Float, seed: UInt32 = 7,
        of forward: ([Float]) throws -> [Float]
    ) rethrows -> Double {
        var random = NumPyRandomState(seed: seed)
        let length = dot(gradient, gradient).squareRoot()
        guard length > 0, length.isFinite else { return .infinity }
        var directions = (0..<4).map { _ in (random.gaussians(x.count), length) }
        for i in 0..<8 {
            var coordinate = [Float](repeating: 0, count: x.count)
            // Places that do not keep step with blocks of channels.
            coordinate[(i * 7919 + 13) % x.count] = 1
            directions.append((coordinate, length / Double(x.count).squareRoot()))
        }
        var worst = 0.0
        for (direction, scale) in directions {
            let up = try forward(zip(x, direction).map { $0 + step * $1 })
            let down = try forward(zip(x, direction).map { $0 - step * $1 })
            let difference = (dot(outputGradient, up) - dot(outputGradient, down)) / (2 * Double(step))
            let error = abs(difference - dot(gradient, direction)) / scale
            worst = max(worst, error.isNaN ? .infinity : error)
        }
        return worst
    }

    /// The sum of products, in float64.
    public static func dot(_ left: [Float], _ right: [Float]) -> Double {
        zip(left, right).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}
