import Foundation

/// The learning rate of every step, as the published optimisation has it: it rises over the first twentieth of the steps,
/// and falls along a cosine over the last quarter.
///
///     η(t) = η₀ · (1 − cos(π min(1, (1 − t) / ¼))) / 2 · min(1, t / ¹⁄₂₀)        t = step / steps
///
/// So the first step's rate is zero: it moves nothing, and begins the optimiser's averages.
public struct LearningRateSchedule: Hashable, Sendable {
    private static let rampUp = 0.05
    private static let rampDown = 0.25

    /// η₀.
    public let rate: Double
    /// The number of all steps.
    public let steps: Int

    public init(rate: Double, steps: Int) {
        self.rate = rate
        self.steps = steps
    }

    /// The rate of one of the steps, counted from 0.
    public func callAsFunction(_ step: Int) -> Double {
        let time = Double(step) / Double(max(1, steps))
        let falling = 0.5 - 0.5 * cos(.pi * min(1, (1 - time) / Self.rampDown))
        return rate * falling * min(1, time / Self.rampUp)
    }
}
