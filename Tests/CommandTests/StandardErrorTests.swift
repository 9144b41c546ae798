import Foundation
import TestSupport
import Testing

/// Two tables of other images differ by as much as their standard errors say.
@Suite struct StandardErrorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private struct Relevance {
        let value: Double
        let error: Double
    }

    /// A table of the embedded models with so many images of a seed.
    private func build(seed: Int, images: Int) throws -> [String] {
        let store = ["--store", folder.file("seed \(seed)")]
        let options = ["--method", "gradient", "--verify", "0", "--statistics-samples", "2000", "--quiet"]
        _ = try RunningCommand.succeed(
            "build-relevance", options + ["--pairs", "\(images)", "--seed", "\(seed)"] + store)
        return store
    }

    /// R of every channel, by its name.
    private func relevance(of phrase: String, _ store: [String]) throws -> [String: Relevance] {
        let asked = [phrase, "--beta", "0", "--top", "1000000", "--json"]
        let answer = try RunningCommand.succeed("query-direction", asked + store).objects()[0]
        let channels = try #require(answer["strongest"] as? [[String: Any]])
        return try Dictionary(
            channels.map { channel in
                let name = "\(channel["layer"] ?? ""):\(channel["channel"] ?? "")"
                return (
                    name,
                    Relevance(
                        value: try #require(channel["relevance"] as? Double),
                        error: try #require(channel["standardError"] as? Double))
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Channels share their images, so one pair of tables says little: all pairs of four, 816 channels of each.
    @Test func theDifferenceOfTwoTablesIsAsLargeAsTheirErrorsSay() throws {
        // More images than groups, and not a multiple of them.
        let stores = try (1...4).map { try build(seed: $0, images: 24) }
        for phrase in ["tiger", "smiling animal", "cat"] {
            let tables = try stores.map { try relevance(of: phrase, $0) }
            var (all, strong) = ([Double](), [Double]())
            for name in Set(tables[0].keys) {
                let values = tables.compactMap { $0[name] }
                guard values.count == tables.count else { continue }
                let mean = values.reduce(0) { $0 + $1.value } / Double(values.count)
                for (place, one) in values.enumerated() {
                    for other in values[..<place] {
                        let error = (one.error * one.error + other.error * other.error).squareRoot()
                        let distance = (one.value - other.value) / error
                        all.append(distance)
                        if abs(mean) > 0.12 { strong.append(distance) }
                    }
                }
            }
            #expect(strong.count > 300)
            for (distances, which) in [(all, "all"), (strong, "strong")] {
                let squares = distances.reduce(0) { $0 + $1 * $1 } / Double(distances.count)
                #expect((0.8...1.25).contains(squares.squareRoot()), "\(phrase), \(which)")
                // 2.1 standard errors hold 95 % of Student's distribution with the 18 degrees of freedom of two tables.
                let beyond = Double(distances.count { abs($0) > 2.1 }) / Double(distances.count)
                #expect(beyond < 0.1, "\(phrase), \(which)")
            }
        }
    }
}
