import DatabaseReading

/// The answers to many phrases, written as they come: lines of JSON, or a table for people.
public final class ManyReport {
    private let top: Int
    private let asJSON: Bool
    private var answered = 0
    private var failed = 0
    private var neutral: String?

    public init(top: Int, asJSON: Bool) {
        self.top = top
        self.asJSON = asJSON
    }

    private struct Failure: Encodable {
        let phrase: String
        let neutral: String
        let error: String
    }

    /// - Throws: `StreamError` where standard output takes no more.
    public func write(_ outcomes: [ManyPhrases.Outcome]) throws {
        var text = ""
        for (recipe, answer) in outcomes {
            switch answer {
            case .success(let answer):
                answered += 1
                text += asJSON ? try AnswerReport(answer, top: top).json() : line(answer)
            case .failure(let error):
                failed += 1
                let reason = Terminal.printable("\(error)")
                if asJSON {
                    let failure = Failure(phrase: recipe.phrase, neutral: recipe.neutral, error: "\(error)")
                    text += try JSONText.encode(failure) + "\n"
                } else {
                    text += "\(column(recipe.phrase))  –  \(reason)\n"
                }
            }
        }
        try StandardStream.output.write(text)
    }

    /// - Throws: `OptionError` where a phrase had no answer.
    public func finish() throws(OptionError) {
        guard failed > 0 else { return }
        throw OptionError(
            "\(failed) of \(answered + failed) phrases have no direction; their lines say why",
            exitStatus: .badData)
    }

    private func line(_ answer: DirectionAnswer) -> String {
        var text = ""
        if neutral != answer.neutral {
            text = "instead of “\(Terminal.printable(answer.neutral, limit: 80))”\n"
            neutral = answer.neutral
        }
        let places = answer.database.manifest.places
        let positions = answer.database.channels.positions
        let strongest = answer.direction.kept.prefix(max(0, top)).map { row in
            let relevance = answer.direction.relevance[row]
            let sign = relevance < 0 ? "−" : "+"
            return "\(places[positions[row]]) \(sign)\(FixedDecimal.text(Double(abs(relevance)), places: 2))"
        }
        let kept = ProgressReporter.grouped(answer.direction.kept.count)
        let padding = String(repeating: " ", count: max(0, 6 - kept.count))
        return text
            + "\(column(answer.phrase))\(padding)\(kept) channels  \(strongest.joined(separator: "  "))\n"
    }

    private func column(_ phrase: String) -> String {
        let shown = Terminal.printable(phrase, limit: 40)
        return "  " + shown + String(repeating: " ", count: max(0, 28 - shown.count))
    }
}
