/// How much images disagree about the table's rows, so that a query can say how sure it is.
///
/// A row is ∆i = m/|m|, m the mean of n images' unit changes u_k. To first order in the error of m, that of R = ∆i·∆t is
/// (m's error · w)/|m| with w = ∆t − R ∆i, the part of ∆t across the row. The components of u_k move together, so nothing less
/// than the spread along w itself tells it: images are summed in K groups, whose sums s_g of n_g images give
///
///     Var R ≈ Σ_g ((s_g − n_g m)·w)² / (n (n − Σ_g n_g²/n) |m|²) = Σ_g (f_g·∆t)²
///
/// where f_g is the part of s_g across the row, scaled. So K vectors a channel are enough for any ∆t. They are kept in 8 bits
/// with a step of their own each, which is right to about 1 % of an error.
public struct RelevanceSpread: Hashable, Sendable {
    /// K: image i is in group i mod K. With K images or fewer the variance is that of single images.
    public static let imageGroups = 10

    /// The number of groups, K.
    public let groups: Int
    /// The width of an embedding, d.
    public let dimension: Int
    /// What one step is in every f_g: `[C, K]`; zero where fewer than two images moved.
    public let steps: [Float]
    /// f_g in steps: `[C, K, d]`.
    public let factors: [Int8]

    /// Factors as they were stored.
    /// - Throws: `RelevanceError.count` where the parts do not fit together.
    public init(groups: Int, dimension: Int, steps: [Float], factors: [Int8]) throws(RelevanceError) {
        guard groups > 0, dimension > 0, steps.count.isMultiple(of: groups) else {
            throw .count(what: "steps of a spread", found: steps.count, expected: groups)
        }
        let (count, overflow) = steps.count.multipliedReportingOverflow(by: dimension)
        guard !overflow, factors.count == count else {
            throw .count(what: "factors of a spread", found: factors.count, expected: count)
        }
        self.init(checked: groups, dimension: dimension, steps: steps, factors: factors)
    }

    /// Factors that whoever summed them up has made.
    package init(checked groups: Int, dimension: Int, steps: [Float], factors: [Int8]) {
        (self.groups, self.dimension, self.steps, self.factors) = (groups, dimension, steps, factors)
    }

    /// The standard error of each R_c = ∆i_c · ∆t, to first order: `[C]`.
    /// - Throws: `RelevanceError.count` where the direction is of another width.
    public func standardErrors(along direction: TextDirection) throws(RelevanceError) -> [Float] {
        guard direction.values.count == dimension else {
            throw .count(
                what: "numbers of a text direction", found: direction.values.count, expected: dimension)
        }
        let channels = Array(0..<steps.count / groups)
        return try steps.withUnsafeBufferPointer { (steps) throws(RelevanceError) in
            try factors.withUnsafeBufferPointer { (factors) throws(RelevanceError) in
                try Self.standardErrors(
                    of: channels, steps: steps, factors: factors, groups: groups, along: direction)
            }
        }
    }

    /// The same for some channels, straight from mapped steps `[C, K]` and factors `[C, K, d]`.
    /// - Throws: `RelevanceError.count` where a channel is outside of them.
    public static func standardErrors(
        of channels: [Int], steps: UnsafeBufferPointer<Float>, factors: UnsafeBufferPointer<Int8>,
        groups: Int, along direction: TextDirection
    ) throws(RelevanceError) -> [Float] {
        let dimension = direction.values.count
        let (count, overflow) = steps.count.multipliedReportingOverflow(by: dimension)
        guard groups > 0, steps.count.isMultiple(of: groups), !overflow, factors.count == count else {
            throw .count(
                what: "factors of a spread", found: factors.count, expected: overflow ? .max : count)
        }
        let height = steps.count / groups
        if let stranger = channels.first(where: { !(0..<height).contains($0) }) {
            throw .count(
                what: "rows of the spread, for channel \(stranger)", found: height, expected: stranger + 1)
        }
        let along = WholeDirection(direction)
        return along.numbers.withUnsafeBufferPointer { numbers in
            channels.map { channel in
                var squared: Float = 0
                for vector in channel * groups..<(channel + 1) * groups {
                    let part = UnsafeBufferPointer(
                        rebasing: factors[vector * dimension..<(vector + 1) * dimension])
                    let product = WholeDirection.product(part, numbers) * along.step * steps[vector]
                    squared += product * product
                }
                return squared.squareRoot()
            }
        }
    }

    /// By how many standard errors R may be off with a confidence, one-sided: Student's t, for the errors are estimates too.
    /// - Parameter images: Behind each channel, at least 2.
    public static func margin(confidence: Double, images: Int, groups: Int) -> Float {
        Float(
            StudentDistribution.quantile(confidence, degreesOfFreedom: max(1, min(images, groups) - 1)))
    }
}

/// ∆t in whole steps, for sums of products of whole numbers are what a compiler makes vectors of: their order is free.
private struct WholeDirection {
    /// Within ±2^13, so that 2,048 products with 8-bit numbers stay below 2^31.
    private static let limit: Float = 8192
    private static let block = 2048

    let numbers: [Int16]
    let step: Float

    /// A direction is of unit norm, so none of its numbers is beyond ±1.
    init(_ direction: TextDirection) {
        let largest = direction.values.reduce(0) { max($0, abs($1)) }
        let step = largest / (Self.limit - 1)
        self.step = step
        numbers = direction.values.map { Int16(($0 / step).rounded()) }
    }

    /// Σ a_i b_i.
    static func product(_ a: UnsafeBufferPointer<Int8>, _ b: UnsafeBufferPointer<Int16>) -> Float {
        var total: Float = 0
        for first in stride(from: 0, to: a.count, by: block) {
            var sum: Int32 = 0
            for i in first..<min(first + block, a.count) { sum &+= Int32(a[i]) &* Int32(b[i]) }
            total += Float(sum)
        }
        return total
    }
}
