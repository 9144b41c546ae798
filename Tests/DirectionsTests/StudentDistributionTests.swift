import Directions
import Testing

@Suite struct StudentDistributionTests {
    /// As SciPy's `t.ppf` has them.
    @Test(arguments: [
        (0.5, 3, 0), (0.9, 1, 3.0776835371752544), (0.95, 1, 6.313751514675037),
        (0.95, 2, 2.9199855803537242),
        (0.95, 4, 2.1318467863266495), (0.999, 5, 5.893429531356009), (0.95, 9, 1.833112932656237),
        (0.05, 9, -1.833112932656237), (0.999, 30, 3.3851848668293045),
    ])
    func quantilesAreThoseOfTheReference(p: Double, degrees: Int, t: Double) {
        let found = StudentDistribution.quantile(p, degreesOfFreedom: degrees)
        #expect(abs(found - t) <= 1e-11 * max(1, abs(t)))
    }
}
