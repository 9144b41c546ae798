import CLIP
import CommandKit
import Foundation
import Relevance
import RelevanceDatabase
import Vocabulary

/// What a table of pairs says of answers and rows that came from gradients.
struct TableComparison {
    private let pairs: RelevanceDatabase
    private let models: MeasuredModels
    /// One of each kind that the embedded models' world has.
    private static let phrases = [
        "tiger", "cat", "panda", "rabbit", "animal wearing glasses", "animal wearing a hat", "smiling animal",
        "animal with blue eyes", "orange animal", "animal with spots", "animal on a purple background",
    ]

    init(pairs: RelevanceDatabase, _ models: MeasuredModels) {
        self.pairs = pairs
        self.models = models
    }

    /// The cosines of all rows.
    func rows(of database: RelevanceDatabase) throws -> [(name: String, value: String)] {
        let (rows, others) = try (database.table().rows, pairs.table().rows)
        guard rows.shape == others.shape else {
            throw OptionError("\(pairs.path) is of another table than the embedded models'")
        }
        let d = rows.shape[1]
        let cosines = (0..<rows.shape[0]).map { row in
            (row * d..<(row + 1) * d).reduce(Float(0)) { $0 + rows[$1] * others[$1] }
        }.sorted()
        return [
            (
                "its rows beside those of \(pairs.manifest.pairsDone) pairs, all \(cosines.count) channels",
                "median cosine \(number(cosines[cosines.count / 2], 3)), "
                    + "10th percentile \(number(cosines[cosines.count / 10], 3))"
            )
        ]
    }

    /// R of some phrases: from gradients along them, and, for how much of a difference is the images', from a table of
    /// gradients of as many other images.
    func answers(
        direct workers: Int, others: RelevanceDatabase
    ) throws -> [(name: String, value: String)] {
        let encoder = try models.model.textEncoder()
        let embeddings = try PromptEnsemble().embeddings(
            of: [pairs.manifest.neutral] + Self.phrases, by: encoder)
        let direct = DirectRelevance(models.generator, models.model, settings: try SweepSettings())
        var (ofDirect, ofOthers) = ([RelevanceAgreement](), [RelevanceAgreement]())
        for embedding in embeddings.dropFirst() {
            let text = try TextDirection(target: embedding, neutral: embeddings[0])
            let expected = try pairs.relevance(to: text)
            ofDirect.append(
                try RelevanceAgreement(
                    expected,
                    direct.relevance(along: text, images: DirectOptions.defaultImages, workers: workers)))
            ofOthers.append(try RelevanceAgreement(expected, others.relevance(to: text)))
        }
        let images = DirectOptions.defaultImages
        return [
            ("R of --direct beside that table's, \(Self.phrases.count) phrases", summary(ofDirect)),
            ("R of a table of \(images) other images' gradients beside it", summary(ofOthers)),
        ]
    }

    private func summary(_ agreements: [RelevanceAgreement]) -> String {
        let (ranks, shared) = (agreements.map(\.rankCorrelation), agreements.map(\.sharedStrongest))
        let count = Double(agreements.count)
        return
            "rank correlation \(number(ranks.reduce(0, +) / count, 2)) (least \(number(ranks.min() ?? 0, 2))), "
            + "\(number(Double(shared.reduce(0, +)) / count, 1)) of the 20 strongest (least \(shared.min() ?? 0))"
    }

    private func number(_ value: some BinaryFloatingPoint & CVarArg, _ places: Int) -> String {
        String(format: "%.\(places)f", Double(value))
    }
}
