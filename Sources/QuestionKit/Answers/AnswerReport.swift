import DatabaseReading
import Directions

/// An answer as people read it, and as programs do.
public struct AnswerReport: Sendable {
    private let answer: DirectionAnswer
    private let top: Int
    /// How many standard errors a confidence of 95 % takes.
    private let margin: Float

    /// - Parameter top: How many of the strongest kept channels are listed.
    public init(_ answer: DirectionAnswer, top: Int) {
        self.answer = answer
        self.top = max(0, top)
        margin = answer.database.margin(confidence: 0.95)
    }

    /// One of the strongest channels.
    private struct Channel: Encodable {
        let layer: String
        let channel: Int
        let relevance: Float
        /// Of the relevance; nil from a database without standard errors.
        let standardError: Float?
        /// Whether |R| is above β with less than 95 % confidence.
        let isDoubtful: Bool
        let change: Float
    }

    private struct Contents: Encodable {
        let phrase: String
        let neutral: String
        let plus: [String]?
        let minus: [String]?
        let without: [String]?
        let beta: Float
        let alpha: Float?
        let confidence: Double?
        let kept: Int
        let channels: Int
        let largestRelevance: Float
        let pairs: Int
        let doubtful: Int?
        /// "pairs", "gradient" or "direct".
        let method: String
        /// Of a table from gradients that was verified, the median cosine to true pairs.
        let agreement: Float?
        let shareInSketch: Double?
        /// Words of the phrases that the embedded CLIP was never shown.
        let unknownWords: [String]?
        let textMilliseconds: Double
        let lookupMilliseconds: Double
        let strongest: [Channel]
    }

    /// The strongest first.
    private func strongest(_ errors: [Float]?) -> [Channel] {
        let places = answer.database.manifest.places
        let positions = answer.database.channels.positions
        return answer.direction.kept.prefix(top).enumerated().map { rank, row in
            let place = places[positions[row]]
            let relevance = answer.direction.relevance[row]
            return Channel(
                layer: place.layer, channel: place.channel, relevance: relevance,
                standardError: errors?[rank],
                isDoubtful: errors.map { isDoubtful(relevance, error: $0[rank]) } ?? false,
                change: answer.direction.change[positions[row]])
        }
    }

    /// Whether |R| is above β with less than 95 % confidence.
    private func isDoubtful(_ relevance: Float, error: Float) -> Bool {
        abs(relevance) - margin * error < answer.direction.threshold
    }

    private func doubtful(_ errors: [Float]?) -> Int? {
        errors.map { errors in
            zip(answer.direction.kept, errors).count {
                isDoubtful(answer.direction.relevance[$0], error: $1)
            }
        }
    }

    /// One line of JSON.
    public func json() throws -> String {
        let direction = answer.direction
        let errors = try answer.standardErrors(ofStrongest: direction.kept.count)
        func some(_ phrases: [String]) -> [String]? { phrases.isEmpty ? nil : phrases }
        return try JSONText.encode(
            Contents(
                phrase: answer.phrase, neutral: answer.neutral, plus: some(answer.recipe.plus),
                minus: some(answer.recipe.minus), without: some(answer.recipe.without),
                beta: direction.threshold, alpha: answer.tuning?.alpha, confidence: answer.confidence,
                kept: direction.kept.count, channels: direction.relevance.count,
                largestRelevance: answer.largestRelevance, pairs: answer.database.manifest.pairsDone,
                doubtful: doubtful(errors), method: answer.database.manifest.methodName,
                agreement: answer.database.manifest.gradient?.agreement?.median,
                shareInSketch: answer.database.shareInSketch(of: answer.text),
                unknownWords: some(answer.recipe.unknownWords(for: answer.database.manifest)),
                textMilliseconds: answer.textTime / .milliseconds(1),
                lookupMilliseconds: answer.lookupTime / .milliseconds(1), strongest: strongest(errors)))
            + "\n"
    }

    /// A heading, the strongest channels by layer in the generator's order, and what it took.
    public func text(inColour: Bool) throws -> String {
        let direction = answer.direction
        let errors = try answer.standardErrors(ofStrongest: direction.kept.count)
        let counts =
            "\(ProgressReporter.grouped(direction.kept.count)) of \(ProgressReporter.grouped(direction.relevance.count))"
        var lines = [
            "\(heading): "
                + "\(counts) channels kept at β = \(direction.threshold), largest |R| \(Self.number(answer.largestRelevance, 4))"
        ]
        let byLayer = Dictionary(grouping: strongest(errors), by: \.layer)
        for layer in answer.database.manifest.layers {
            guard let channels = byLayer[layer.name] else { continue }
            lines.append(Terminal.coloured(layer.name, .bold, where: inColour))
            for channel in channels {
                let colour: Terminal.Colour = channel.relevance > 0 ? .green : .red
                let relevance = Terminal.coloured(
                    "R \(SignedNumber.text(channel.relevance))", colour, where: inColour)
                let number = String(channel.channel)
                let padding = String(repeating: " ", count: max(0, 5 - number.count))
                let error = channel.standardError.map { " ± \(Self.number($0, 4))" } ?? ""
                let mark = channel.isDoubtful ? "  ?" : ""
                lines.append(
                    "\(padding)\(number)  \(relevance)\(error)  ∆s \(SignedNumber.text(channel.change))\(mark)"
                )
            }
        }
        if direction.kept.count > top {
            lines.append(
                "and \(ProgressReporter.grouped(direction.kept.count - top)) weaker ones; --top shows more")
        }
        if let doubtful = doubtful(errors), doubtful > 0 {
            lines.append(
                "\(ProgressReporter.grouped(doubtful)) of the kept are above β with less than 95 % confidence (marked ?); "
                    + "--confident 0.95 leaves them out")
        }
        if let tuning = answer.tuning {
            lines.append("chosen by drawing faces: β \(tuning.beta), α \(tuning.alpha)")
        }
        lines += remarksOnWhatIsMissing
        if let gradient = answer.database.manifest.gradient { lines += try remarks(on: gradient) }
        // A direct answer was found before, where nobody took the time.
        if answer.database.manifest.gradient?.isDirect == true { return lines.joined(separator: "\n") + "\n" }
        lines.append(
            "text \(Self.number(answer.textTime / .milliseconds(1), 1)) ms, "
                + "lookup \(Self.number(answer.lookupTime / .milliseconds(1), 1)) ms")
        return lines.joined(separator: "\n") + "\n"
    }

    /// What was asked, in one line.
    private var heading: String {
        func quoted(_ phrase: String) -> String { "“\(Terminal.printable(phrase, limit: 80))”" }
        let recipe = answer.recipe
        let changes =
            recipe.plus.map { " plus \(quoted($0))" } + recipe.minus.map { " minus \(quoted($0))" }
            + recipe.without.map { " without \(quoted($0))" }
        return "\(quoted(recipe.phrase))\(changes.joined()) instead of \(quoted(recipe.neutral))"
    }

    /// Words without a meaning, and channels that count as of no effect.
    private var remarksOnWhatIsMissing: [String] {
        var lines: [String] = []
        let manifest = answer.database.manifest
        if let remark = answer.recipe.remarkOnWords(for: manifest) { lines.append(remark) }
        if let layers = manifest.layersDone {
            let channels = manifest.layers.filter { layers.contains($0.name) }.reduce(0) { $0 + $1.channels }
            lines.append(
                "only \(layers.joined(separator: ", ")) swept: \(ProgressReporter.grouped(channels)) of "
                    + "\(ProgressReporter.grouped(answer.direction.relevance.count)) channels")
        }
        return lines
    }

    /// What is to be known of a table from gradients, that nobody takes it for one from pairs.
    private func remarks(on gradient: GradientRecord) throws -> [String] {
        if gradient.isDirect {
            return [
                "from gradients of \(answer.database.manifest.pairsDone) images along the phrase, without a table"
            ]
        }
        var line = "from gradients of \(answer.database.manifest.pairsDone) images, "
        if let agreement = gradient.agreement {
            line +=
                "median cosine to true pairs \(gradient.sketch == nil ? "" : "along the sketch ")\(Self.number(agreement.median, 3)) "
                + "(10th percentile \(Self.number(agreement.tenthPercentile, 3)))"
        } else {
            line += "not compared with true pairs"
        }
        guard let share = try answer.database.shareInSketch(of: answer.text) else { return [line] }
        return [
            line,
            "\(Self.number(100 * (1 - share), 1)) % of this phrase's ∆t lies outside of the table's sketch and is lost",
        ]
    }

    private static func number(_ value: some BinaryFloatingPoint, _ places: Int) -> String {
        FixedDecimal.text(Double(value), places: places)
    }
}
