import Tensors
import Testing

@testable import Relevance

@Suite struct RelevanceSpreadTests {
    private static let dimension = 16

    /// How single images scatter about their mean.
    enum Scatter: CaseIterable {
        /// Every component by itself.
        case independent
        /// To and fro along one line, which is neither the row nor ∆t, with a little of the other.
        case along
    }

    /// Groups of images whose change is the first axis plus noise, one channel.
    private func groups(images: Int, _ scatter: Scatter, noise: Float, seed: UInt32) throws
        -> [ChannelSums]
    {
        var random = NumPyRandomState(seed: seed)
        let empty = ChannelSums(channels: 1, dimension: Self.dimension)
        var groups = [ChannelSums](repeating: empty, count: RelevanceSpread.imageGroups)
        for image in 0..<images {
            var change = random.gaussians(Self.dimension).map { $0 * noise }
            if scatter == .along {
                let step = change[0]
                change = change.map { $0 / 10 }
                for i in 0..<4 { change[i] += step * [0.5, 1, 1, -0.5][i] }
            }
            change[0] += 1
            try change.withUnsafeBufferPointer {
                try groups[RelevanceSpread.group(ofImage: image)].add(derivative: $0, to: 0)
            }
        }
        return groups
    }

    private func table(of groups: [ChannelSums]) throws -> RelevanceTable {
        var total = groups[0]
        for sums in groups.dropFirst() { try total.merge(sums) }
        return RelevanceTable(sums: total)
    }

    /// ∆t across the row's main axis, and at an angle to it: there the error of the row's length counts, too.
    private static let directions: [[Float]] = [
        [0, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, -0.5, -0.5, 1, 1],
    ]

    /// As many images as groups, and more that are not evenly shared.
    @Test(arguments: Scatter.allCases, [10, 25])
    func theErrorIsHowFarRepeatedSweepsLieApart(scatter: Scatter, images: Int) throws {
        let repetitions = 400
        let sweeps = try (0..<repetitions).map {
            try groups(images: images, scatter, noise: 0.3, seed: UInt32(100 + $0))
        }
        let tables = try sweeps.map { try table(of: $0) }
        let spreads = sweeps.map { RelevanceSpread(groups: $0) }
        for values in Self.directions {
            let direction = try TextDirection(
                values + [Float](repeating: 0, count: Self.dimension - values.count))
            let found = try tables.map { Double(try $0.relevance(to: direction)[0]) }
            let mean = found.reduce(0, +) / Double(repetitions)
            let variance = found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(repetitions - 1)
            let claimed =
                try spreads.map { Double(try $0.standardErrors(along: direction)[0]) }
                .reduce(0) { $0 + $1 * $1 } / Double(repetitions)
            // 400 sweeps know their deviation to about 1/√800 = 3.5 %; the rest is beyond first order.
            #expect(abs((claimed / variance).squareRoot() - 1) < 0.12, "\(values)")
        }
    }

    /// Written out in float64, but for the 8 bits that factors are kept in.
    @Test(arguments: Scatter.allCases, [2, 10, 25]) func theErrorIsThatOfTheFormula(
        scatter: Scatter, images: Int
    ) throws {
        let groups = try groups(images: images, scatter, noise: 0.3, seed: 5)
        let width = Self.dimension
        let sums = groups.map { $0.sums.map { FixedPoint.decode($0) } }
        let counts = groups.map { Double($0.pairs[0]) }
        let n = counts.reduce(0, +)
        let mean = (0..<width).map { i in sums.reduce(0) { $0 + $1[i] } / n }
        let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for values in Self.directions {
            let text = try TextDirection(values + [Float](repeating: 0, count: width - values.count))
            let t = text.values.map(Double.init)
            let r = zip(mean, t).reduce(0) { $0 + $1.0 * $1.1 } / length
            var squared = 0.0
            for (sum, count) in zip(sums, counts) {
                let along = (0..<width).reduce(0) {
                    $0 + (sum[$1] - count * mean[$1]) * (t[$1] - r * mean[$1] / length)
                }
                squared += along * along
            }
            let lost = counts.reduce(0) { $0 + $1 * $1 } / n
            let expected = (squared / (n * (n - lost))).squareRoot() / length
            let spread = RelevanceSpread(groups: groups)
            let found = Double(try spread.standardErrors(along: text)[0])
            // Every number of a factor is right to half a step, and ∆t to half of one of its 2^13.
            let sizes = t.reduce(0) { $0 + abs($1) }
            let bound = spread.steps.reduce(0) { $0 + Double($1 * $1) / 4 }.squareRoot() * sizes
            #expect(abs(found - expected) <= bound + 1e-3 * expected, "\(values)")
            #expect(bound < expected / 2)
        }
    }

    @Test func imagesThatAgreeHaveNoError() throws {
        let spread = try RelevanceSpread(groups: groups(images: 30, .independent, noise: 0, seed: 1))
        let direction = try TextDirection([Float](repeating: 1, count: Self.dimension))
        // What rounding to 2^-40 leaves.
        #expect(try spread.standardErrors(along: direction)[0] < 1e-11)
    }

    @Test func oneImageSaysNothingOfItsError() throws {
        let spread = try RelevanceSpread(groups: groups(images: 1, .independent, noise: 0.3, seed: 1))
        #expect(spread.steps.allSatisfy { $0 == 0 } && spread.factors.allSatisfy { $0 == 0 })
    }

    @Test func whatDoesNotFitTogetherIsRefused() throws {
        let spread = try RelevanceSpread(groups: groups(images: 20, .along, noise: 0.3, seed: 1))
        #expect(throws: RelevanceError.self) {
            try spread.standardErrors(along: TextDirection([1, 2, 3]))
        }
        let direction = try TextDirection([Float](repeating: 1, count: Self.dimension))
        spread.steps.withUnsafeBufferPointer { steps in
            spread.factors.withUnsafeBufferPointer { factors in
                for wrong in [-1, 1] {
                    #expect(throws: RelevanceError.self) {
                        try RelevanceSpread.standardErrors(
                            of: [wrong], steps: steps, factors: factors, groups: spread.groups,
                            along: direction)
                    }
                }
            }
        }
        for (groups, factors) in [(0, 10), (3, 10), (2, 9)] {
            #expect(throws: RelevanceError.self) {
                try RelevanceSpread(
                    groups: groups, dimension: 5, steps: [1, 1],
                    factors: [Int8](repeating: 0, count: factors))
            }
        }
    }

    /// Wider than a block of whole numbers, all of the largest size and one sign.
    @Test func theLargestNumbersOfAWideRowDoNotOverflow() throws {
        let width = 5000
        let spread = try RelevanceSpread(
            groups: 2, dimension: width, steps: [0.5, 0],
            factors: [Int8](repeating: 127, count: 2 * width))
        let error = try spread.standardErrors(
            along: TextDirection([Float](repeating: 1, count: width)))[0]
        #expect(abs(error / (0.5 * 127 * Float(width).squareRoot()) - 1) < 1e-3)
    }

    @Test func theMarginIsOfAsManyGroupsAsThereAreImagesFor() {
        #expect(abs(RelevanceSpread.margin(confidence: 0.95, images: 2, groups: 10) - 6.313752) < 1e-5)
        #expect(
            abs(RelevanceSpread.margin(confidence: 0.95, images: 100, groups: 10) - 1.833113) < 1e-5)
    }
}
