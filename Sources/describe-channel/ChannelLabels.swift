import Catalogue
import CatalogueKit
import DatabaseReading
import QuestionKit

/// The labels of all channels: for each the phrases that it moves pictures most along, either way.
enum ChannelLabels {
    static func make(
        _ database: RelevanceDatabase, _ vocabulary: VocabularyRelevance, perChannel: Int
    ) throws -> [ChannelLabel] {
        let phrases = vocabulary.phrases
        let relevance = try database.relevance(to: phrases.map(\.text))
        let chosen = (0..<database.channels.count).map { row in
            phrases.indices.sorted { (-abs(relevance[$0][row]), $0) < (-abs(relevance[$1][row]), $1) }
                .prefix(perChannel)
        }
        // Phrase by phrase, so that the spread is read in order.
        var rows = [[Int]](repeating: [], count: phrases.count)
        for (row, indices) in chosen.enumerated() { for phrase in indices { rows[phrase].append(row) } }
        var errors = [[Int: Float]](repeating: [:], count: phrases.count)
        if database.hasStandardErrors {
            for (phrase, rows) in zip(phrases.indices, rows) {
                let found = try database.standardErrors(along: phrases[phrase].text, of: rows)
                errors[phrase] = Dictionary(zip(rows, found)) { first, _ in first }
            }
        }
        let places = database.manifest.places
        return chosen.enumerated().flatMap { row, indices in
            indices.enumerated().map { rank, phrase in
                let place = places[database.channels.positions[row]]
                return ChannelLabel(
                    database: database.manifest.identity, layer: place.layer, channel: place.channel,
                    rank: rank + 1, phrase: phrases[phrase].phrase, neutral: phrases[phrase].neutral,
                    relevance: Double(relevance[phrase][row]), error: errors[phrase][row].map(Double.init))
            }
        }
    }
}
