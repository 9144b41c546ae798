import CommandKit
import Foundation

/// What one size's measurement comes to: a column of the table at the end.
struct SweepSummary: Codable {
    /// The released method's procedure in PyTorch, on pairs of the same style codes.
    struct Released: Codable {
        let torch: String
        let pairsPerSecond: Double
        /// The least cosine of ∆i_c between both.
        let leastCosine: Double
    }

    /// The parts of a picture's time.
    struct Shares: Codable {
        let products: Double
        let around: Double
        let embedding: Double
    }

    /// A sweep that does less, beside the whole and exact one.
    struct Comparison: Codable {
        /// Of the other's time.
        let timeShare: Double
        /// Of ∆i_c between both.
        let medianCosine: Double
        let leastCosine: Double

        /// - Parameter cosines: One a channel; nil comes of none.
        init?(timeShare: Double, cosines: [Double]) {
            let sorted = cosines.sorted()
            guard let least = sorted.first else { return nil }
            self.timeShare = timeShare
            medianCosine = sorted[sorted.count / 2]
            leastCosine = least
        }
    }

    /// A sweep of pictures that are just large enough for CLIP; of one image's pair a channel.
    struct Smaller: Codable {
        let resolution: Int
        let channels: Int
        let comparison: Comparison
    }

    let title: String
    let channels: Int
    let pairsPerSecond: Double
    let peakBytes: Int
    var released: Released?
    var shares: Shares?
    var smaller: Smaller?
    /// A sweep whose products are rounded to bfloat16.
    var rounded: Comparison?

    /// A table in Markdown with a column for each.
    static func table(_ summaries: [SweepSummary]) -> String {
        func row(_ name: String, _ cell: (SweepSummary) -> String?) -> String {
            let cells = summaries.map(cell)
            // What was measured of none is left out.
            guard cells.contains(where: { $0 != nil }) else { return "" }
            return "| \(name) |" + cells.map { " \($0 ?? "–") |" }.joined() + "\n"
        }
        func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
        func cosine(_ value: Double) -> String { String(format: "%.5f", value) }
        let torch = summaries.compactMap(\.released?.torch).first ?? "PyTorch"
        return row("") { $0.title } + "|---|" + summaries.map { _ in "---:|" }.joined() + "\n"
            + row("channels") { ProgressReporter.grouped($0.channels) }
            + row("pairs a second") { rate($0.pairsPerSecond) }
            + row("100 pairs a channel at that rate") {
                ProgressReporter.duration(100 * Double($0.channels) / $0.pairsPerSecond)
            }
            + row("the procedure in PyTorch \(torch), pairs a second") {
                $0.released.map { rate($0.pairsPerSecond) }
            }
            + row("the sweep against it") { summary in
                summary.released.map { rate(summary.pairsPerSecond / $0.pairsPerSecond) + " ×" }
            }
            + row("cosine of ∆i_c with PyTorch's, least of the sample") {
                $0.released.map { cosine($0.leastCosine) }
            }
            + row("resident memory, at most") { "\(ProgressReporter.grouped($0.peakBytes >> 20)) MiB" }
            + row("of a picture's time: matrix products of the layers") {
                $0.shares.map { percent($0.products) }
            }
            + row("transforms, styles, activations around them") { $0.shares.map { percent($0.around) } }
            + row("embedding") { $0.shares.map { percent($0.embedding) } }
            + row("with `--render-resolution`") { $0.smaller.map { "\($0.resolution)" } }
            + row("channels then") { $0.smaller.map { ProgressReporter.grouped($0.channels) } }
            + row("of the time") { $0.smaller.map { percent($0.comparison.timeShare) } }
            + row("cosine of a pair with whole pictures', median and least") {
                $0.smaller.map {
                    String(format: "%.3f, %.3f", $0.comparison.medianCosine, $0.comparison.leastCosine)
                }
            }
            + row("`--precision bf16`, of the time") { $0.rounded.map { percent($0.timeShare) } }
            + row("cosine of ∆i_c with float32's, median and least") {
                $0.rounded.map { "\(cosine($0.medianCosine)), \(cosine($0.leastCosine))" }
            }
    }

    /// With two digits at least.
    private static func rate(_ value: Double) -> String {
        value < 10
            ? String(format: value < 1 ? "%.2f" : "%.1f", value)
            : ProgressReporter.grouped(Int(value.rounded()))
    }
}
