import Editing
import Testing

@Suite struct LearningRateScheduleTests {
    /// Made with StyleCLIP's own `get_lr`, for a rate of 0.1 and 300 steps.
    @Test func ratesAreThePublishedOnes() {
        let schedule = LearningRateSchedule(rate: 0.1, steps: 300)
        let published = [
            (0, 0.0), (1, 0.006666666666666667), (7, 0.04666666666666667), (15, 0.1), (100, 0.1), (225, 0.1),
            (240, 0.09045084971874738), (260, 0.05522642316338267), (299, 4.385849505708084e-05),
        ]
        for (step, rate) in published { #expect(abs(schedule(step) - rate) < 1e-12, "step \(step)") }
    }

    @Test func thereIsAScheduleForAnyNumberOfSteps() {
        for steps in [1, 2, 3, 19, 1000] {
            let schedule = LearningRateSchedule(rate: 0.5, steps: steps)
            #expect(schedule(0) == 0)
            #expect((0..<steps).allSatisfy { (0...0.5).contains(schedule($0)) })
        }
    }
}
