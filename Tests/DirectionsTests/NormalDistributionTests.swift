import Directions
import Testing

@Suite struct NormalDistributionTests {
    /// From tables, to nine places.
    @Test(arguments: [
        (0.5, 0), (0.95, 1.644853627), (0.975, 1.959963985), (0.999, 3.090232306), (0.05, -1.644853627),
        (1 - 1e-9, 5.997807015),
    ])
    func quantilesAreThoseOfTheTables(p: Double, z: Double) {
        #expect(abs(NormalDistribution.quantile(p) - z) < 1e-8)
    }
}
