import Glibc

/// The standard normal distribution.
public enum NormalDistribution {
    /// z with P(Z ≤ z) = p, to about 1e-12 where p itself can be told from 1.
    /// - Parameter p: Above 0 and below 1.
    public static func quantile(_ p: Double) -> Double {
        // Close to 1 numbers lie further apart than close to 0.
        guard p <= 0.5 else { return -quantile(1 - p) }
        // P is monotone and erfc is exact to rounding also far out, so halving finds it; 39 is beyond any p.
        var (low, high) = (-39.0, 39.0)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if erfc(-middle / 2.0.squareRoot()) / 2 < p { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
