import Foundation
import Synchronization
import Testing

@testable import QuestionKit

@Suite struct ProgressReporterTests {
    private final class Record: Sendable {
        private let texts = Mutex<[String]>([])
        func add(_ text: String) { texts.withLock { $0.append(text) } }
        var all: String { texts.withLock { $0.joined() } }
    }

    private func said(_ style: ProgressReporter.Style) -> String {
        let record = Record()
        let reporter = ProgressReporter(style: style) { record.add($0) }
        reporter.report(stage: "sweep", unit: "pairs", done: 0, total: 5000, rate: 0)
        reporter.report(stage: "sweep", unit: "pairs", done: 5000, total: 5000, rate: 12.5)
        reporter.finish()
        return record.all
    }

    @Test func theFirstAndTheLastStateAreAlwaysShown() {
        #expect(
            said(.lines) == "sweep: 0 %, 0 of 5,000 pairs\nsweep: 100 %, 5,000 of 5,000 pairs, 12/s\n")
        #expect(said(.silent).isEmpty)
    }

    @Test func theBarMovesInPlaceAndEndsItsLineOnce() {
        let text = said(.bar)
        #expect(text.hasSuffix("\n") && text.count { $0 == "\n" } == 1)
        #expect(text.count { $0 == "\r" } == 2)
    }

    /// A bar that is broken into two lines no longer moves in place.
    @Test(arguments: 1...120) func theBarFitsTheTerminal(width: Int) {
        let text = ProgressReporter.bar(
            stage: "statistics", unit: "samples", done: 12_000, total: 100_000, rate: 34_889, left: 3,
            width: width)
        #expect(text.count < max(2, width))
        if width > 26 {
            #expect(text.hasPrefix("statistics") && text.contains("12 %") && text.contains("3 s left"))
        }
        if width > 90 { #expect(text.contains("12,000 of 100,000 samples, 34,889/s")) }
    }

    @Test func everyLineOfJSONIsOne() throws {
        for line in said(.json).split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["stage"] as? String == "sweep" && object?["total"] as? Int == 5000)
        }
    }

    @Test func timesAndNumbersReadAsPeopleSayThem() {
        #expect(
            [0.2, 99, 130, 12_000, 4_500_000].map(ProgressReporter.duration)
                == ["1 s", "99 s", "2 min", "3 h 20 min", "52 days"])
        #expect(
            [0, 999, 1000, -1_234_567, .min].map(ProgressReporter.grouped)
                == ["0", "999", "1,000", "-1,234,567", "-9,223,372,036,854,775,808"])
        #expect(ProgressReporter.duration(.infinity) == "years" && ProgressReporter.duration(.nan) == "years")
    }

    @Test func totalsOfNothingAreDone() {
        #expect(
            ProgressReporter.line(stage: "a", unit: "b", done: 0, total: 0, rate: 0, left: nil)
                == "a: 100 %, 0 of 0 b")
    }
}
