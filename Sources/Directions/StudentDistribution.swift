import Glibc

/// Student's t distribution: of an estimate's distance from the truth in standard errors that are estimated as well.
public enum StudentDistribution {
    /// t with P(T ≤ t) = p, to about 1e-9 of it.
    /// - Parameters:
    ///   - p: Above 0 and below 1.
    ///   - degrees: Degrees of freedom, ν, at least 1: the number of independent parts behind the standard error, less one.
    public static func quantile(_ p: Double, degreesOfFreedom degrees: Int) -> Double {
        // P is monotone, so halving finds it, in the angle θ with t = √ν tan θ, which is within a quarter turn.
        var (low, high) = (-Double.pi / 2, Double.pi / 2)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if probability(angle: middle, degrees) < p { low = middle } else { high = middle }
        }
        return Double(degrees).squareRoot() * tan((low + high) / 2)
    }

    /// P(T ≤ √ν tan θ) by the finite series for whole ν (Abramowitz and Stegun, 26.7.3 and 26.7.4).
    private static func probability(angle: Double, _ degrees: Int) -> Double {
        let cosine = cos(angle)
        let isOdd = !degrees.isMultiple(of: 2)
        var term = isOdd ? cosine : 1
        var sum = 0.0
        for power in stride(from: isOdd ? 1 : 0, to: degrees - 1, by: 2) {
            sum += term
            term *= Double(power + 1) / Double(power + 2) * cosine * cosine
        }
        let both = isOdd ? 2 / Double.pi * (angle + sin(angle) * sum) : sin(angle) * sum
        return (1 + both) / 2
    }
}
