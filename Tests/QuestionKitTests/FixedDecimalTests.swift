import Foundation
import Testing

@testable import QuestionKit

@Suite struct FixedDecimalTests {
    @Test(arguments: [0, 0.1, -0.1, 0.04999, 1.0, -0.00004, 12.345678, 999.99996, 1e6 + 0.26, -7.25e9])
    func numbersReadAsTheSystemWritesThem(value: Double) {
        for places in [1, 2, 4] {
            let expected = String(format: "%.\(places)f", value)
            // A negative number that rounds to zero is zero.
            let plain = Double(expected) == 0 ? expected.replacingOccurrences(of: "-", with: "") : expected
            #expect(FixedDecimal.text(value, places: places) == plain)
        }
        #expect(FixedDecimal.text(2.5, places: 0) == "3")
    }

    @Test(arguments: [Double.nan, .infinity, -1e300])
    func numbersWithoutPlacesAreWrittenInFull(value: Double) {
        #expect(FixedDecimal.text(value, places: 4) == value.description)
    }
}
