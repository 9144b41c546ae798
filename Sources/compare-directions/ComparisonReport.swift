import QuestionKit

/// A comparison as people read it, and as programs do.
struct ComparisonReport {
    private let comparison: DirectionComparison
    private let top: Int

    init(_ comparison: DirectionComparison, top: Int) {
        self.comparison = comparison
        self.top = top
    }

    private struct Channel: Encodable {
        let layer: String
        let channel: Int
        let firstRelevance: Float
        let secondRelevance: Float
    }

    private struct Contents: Encodable {
        let first: String
        let second: String
        let neutral: String
        let cosineInCLIP: Float
        let cosineInStyles: Float
        let shared: Int
        let onlyFirst: Int
        let onlySecond: Int
        let strongestShared: [Channel]
        let strongestOnlyFirst: [Channel]
        let strongestOnlySecond: [Channel]
    }

    private func channels(_ rows: [Int]) -> [Channel] {
        let database = comparison.first.database
        let places = database.manifest.places
        return rows.prefix(top).map { row in
            let place = places[database.channels.positions[row]]
            return Channel(
                layer: place.layer, channel: place.channel,
                firstRelevance: comparison.first.direction.relevance[row],
                secondRelevance: comparison.second.direction.relevance[row])
        }
    }

    /// One line of JSON.
    func json() throws -> String {
        try JSONText.encode(
            Contents(
                first: comparison.first.phrase, second: comparison.second.phrase,
                neutral: comparison.first.neutral, cosineInCLIP: comparison.cosineInCLIP,
                cosineInStyles: comparison.cosineInStyles, shared: comparison.shared.count,
                onlyFirst: comparison.onlyFirst.count, onlySecond: comparison.onlySecond.count,
                strongestShared: channels(comparison.shared),
                strongestOnlyFirst: channels(comparison.onlyFirst),
                strongestOnlySecond: channels(comparison.onlySecond))) + "\n"
    }

    func text() -> String {
        let names = [comparison.first, comparison.second].map {
            "“\(Terminal.printable($0.phrase, limit: 80))”"
        }
        var lines = [
            "\(names[0]) and \(names[1]) instead of “\(Terminal.printable(comparison.first.neutral, limit: 80))”",
            "cosine \(SignedNumber.text(comparison.cosineInCLIP)) in CLIP's space, "
                + "\(SignedNumber.text(comparison.cosineInStyles)) among the styles",
        ]
        for (title, rows) in [
            ("both keep", comparison.shared), ("only \(names[0])", comparison.onlyFirst),
            ("only \(names[1])", comparison.onlySecond),
        ] {
            lines.append("\(title): \(ProgressReporter.grouped(rows.count)) channels")
            for channel in channels(rows) {
                lines.append(
                    "  \(channel.layer):\(channel.channel)  R \(SignedNumber.text(channel.firstRelevance)) "
                        + "and \(SignedNumber.text(channel.secondRelevance))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
