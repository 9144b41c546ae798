import Foundation
import Testing

@testable import Directions

@Suite struct SweepSettingsTests {
    @Test func defaultsAreThePublishedOnes() throws {
        let settings = try SweepSettings()
        #expect(settings.alpha == 5)
        #expect(settings.centre == .sample)
        #expect(settings.truncationPsi == 0.7)
        #expect(settings.truncationCutoff == 8)
        #expect(settings.statisticsSamples == 100_000)
    }

    @Test func nonsenseIsRefusedByName() {
        #expect(throws: RelevanceError.self) { try SweepSettings(alpha: 0) }
        #expect(throws: RelevanceError.self) { try SweepSettings(alpha: .nan) }
        #expect(throws: RelevanceError.self) { try SweepSettings(truncationPsi: -.infinity) }
        #expect(throws: RelevanceError.self) { try SweepSettings(truncationCutoff: -1) }
        #expect(throws: RelevanceError.self) { try SweepSettings(statisticsSamples: 1) }
        let error = #expect(throws: RelevanceError.self) { try SweepSettings(alpha: -2) }
        #expect(error?.description == "α is -2.0; it must be above 0 and at most 1000")
    }

    @Test func theManifestIsHeldToTheSameRanges() throws {
        let settings = try SweepSettings(alpha: 3, centre: .mean, seed: 9)
        let written = try JSONEncoder().encode(settings)
        #expect(try JSONDecoder().decode(SweepSettings.self, from: written) == settings)
        let text = try #require(String(data: written, encoding: .utf8))
        let spoiled = Data(text.replacingOccurrences(of: "\"alpha\":3", with: "\"alpha\":-3").utf8)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(SweepSettings.self, from: spoiled) }
    }
}
