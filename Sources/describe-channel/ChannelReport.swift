import CatalogueKit
import DatabaseReading
import QuestionKit

/// What one channel does, as people read it, and as programs do.
struct ChannelReport {
    private struct Effect: Encodable {
        let phrase: String
        let neutral: String
        let relevance: Float
        /// Nil from a database without standard errors.
        let standardError: Float?
    }

    private struct Contents: Encodable {
        let layer: String
        let channel: Int
        let deviation: Float
        let pairs: Int
        let more: [Effect]
        let less: [Effect]
    }

    private let contents: Contents

    init(
        _ place: ChannelPlace, row: Int, of database: RelevanceDatabase, _ vocabulary: VocabularyRelevance,
        top: Int
    ) throws {
        let relevance = vocabulary.relevance(ofRow: try database.row(row))
        let order = relevance.indices.sorted { (-relevance[$0], $0) < (-relevance[$1], $1) }
        func effects(_ chosen: some Sequence<Int>) throws -> [Effect] {
            try chosen.map { index in
                let phrase = vocabulary.phrases[index]
                return Effect(
                    phrase: phrase.phrase, neutral: phrase.neutral, relevance: relevance[index],
                    standardError: database.hasStandardErrors
                        ? try database.standardErrors(along: phrase.text, of: [row])[0] : nil)
            }
        }
        contents = Contents(
            layer: place.layer, channel: place.channel,
            deviation: database.statistics.deviation[database.channels.positions[row]],
            pairs: database.manifest.pairsDone,
            more: try effects(order.filter { relevance[$0] > 0 }.prefix(top)),
            less: try effects(order.reversed().filter { relevance[$0] < 0 }.prefix(top)))
    }

    /// One line of JSON.
    func json() throws -> String { try JSONText.encode(contents) + "\n" }

    func text() -> String {
        let deviation = FixedDecimal.text(Double(contents.deviation), places: 4)
        var lines = ["\(contents.layer):\(contents.channel), σ \(deviation), from \(contents.pairs) pairs"]
        for (title, effects) in [("more like", contents.more), ("less like", contents.less)] {
            lines.append(title)
            for effect in effects {
                let name = Terminal.printable(effect.phrase, limit: 40)
                let padding = String(repeating: " ", count: max(0, 24 - name.count))
                let error =
                    effect.standardError.map { " ± \(String(SignedNumber.text($0).dropFirst()))" } ?? ""
                lines.append(
                    "  \(name)\(padding)  R \(SignedNumber.text(effect.relevance))\(error)  instead of "
                        + "\(Terminal.printable(effect.neutral, limit: 40))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
