import CommandKit
import RelevanceDatabase

/// What there is to say of a table from gradients, for people.
struct GradientReport {
    /// Below this, a layer's rows are better taken from pairs: two tables from pairs of other images differ as much.
    private static let poor: Float = 0.9

    private let record: GradientRecord

    init(_ record: GradientRecord) { self.record = record }

    var lines: [String] {
        var lines: [String] = []
        if let sketch = record.sketch {
            lines.append(
                "sketch: \(sketch.directions) directions hold \(percent(sketch.energy)) of the vocabulary's ∆t"
            )
        }
        if record.zeroRows > 0 {
            lines.append("\(record.zeroRows) channels change nothing that CLIP sees: their rows are zero")
        }
        if !record.repairedDone.isEmpty {
            lines.append("from pairs: \(record.repairedDone.joined(separator: ", "))")
        }
        guard let agreement = record.agreement else { return lines + ["not compared with true pairs"] }
        let along = record.sketch == nil ? "" : ", along the sketch"
        var line =
            "compared with true pairs (\(agreement.channels) channels, \(agreement.images) images\(along)): median cosine "
            + "\(number(agreement.median)), 10th percentile \(number(agreement.tenthPercentile))"
        if let worst = agreement.worst {
            line += ", worst layer \(worst.name) with \(number(worst.median))"
        }
        lines.append(line)
        let poor = agreement.layers.filter { $0.median < Self.poor }
        if !poor.isEmpty {
            lines.append(
                "agreement is poor in \(poor.map(\.name).joined(separator: ", ")); the same command with "
                    + poor.map { "--repair \($0.name)" }.joined(separator: " ")
                    + " takes their rows from pairs")
        }
        return lines
    }

    private func number(_ value: Float) -> String { FixedDecimal.text(Double(value), places: 3) }

    private func percent(_ share: Double) -> String { FixedDecimal.text(100 * share, places: 1) + " %" }
}
