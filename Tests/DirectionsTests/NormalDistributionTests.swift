import Directions
import Glibc
import Testing

@Suite struct NormalDistributionTests {
    @Test(arguments: [1e-300, 1e-12, 0.01, 0.3, 0.5, 0.9, 1 - 1e-9])
    func aQuantileIsWhereTheDistributionHasItsProbability(p: Double) {
        let z = NormalDistribution.quantile(p)
        let tail = erfc(abs(z) / 2.0.squareRoot()) / 2
        #expect(abs(tail - min(p, 1 - p)) < 1e-11 * tail)
        if p < 0.5 { #expect(z < 0) }
    }

    /// From tables, to nine places.
    @Test(arguments: [
        (0.5, 0), (0.95, 1.644853627), (0.975, 1.959963985), (0.999, 3.090232306), (0.05, -1.644853627),
        (1 - 1e-9, 5.997807015),
    ])
    func quantilesAreThoseOfTheTables(p: Double, z: Double) {
        #expect(abs(NormalDistribution.quantile(p) - z) < 1e-8)
    }
}
