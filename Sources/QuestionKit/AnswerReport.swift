import DatabaseReading

/// An answer as people read it, and as programs do.
public struct AnswerReport: Sendable {
    private let answer: DirectionAnswer
    private let top: Int

    /// - Parameter top: How many of the strongest kept channels are listed.
    public init(_ answer: DirectionAnswer, top: Int) {
        self.answer = answer
        self.top = top
    }

    /// One of the strongest channels.
    private struct Channel: Encodable {
        let layer: String
        let channel: Int
        let relevance: Float
        let change: Float
    }

    private struct Contents: Encodable {
        let phrase: String
        let neutral: String
        let beta: Float
        let kept: Int
        let channels: Int
        let largestRelevance: Float
        let pairs: Int
        let textMilliseconds: Double
        let lookupMilliseconds: Double
        let strongest: [Channel]
    }

    /// The strongest first.
    private var strongest: [Channel] {
        let places = answer.database.manifest.places
        let positions = answer.database.channels.positions
        return answer.direction.kept.prefix(top).map { row in
            let place = places[positions[row]]
            return Channel(
                layer: place.layer, channel: place.channel, relevance: answer.direction.relevance[row],
                change: answer.direction.change[positions[row]])
        }
    }

    /// One line of JSON.
    public func json() throws -> String {
        let direction = answer.direction
        return try JSONText.encode(
            Contents(
                phrase: answer.phrase, neutral: answer.neutral, beta: direction.threshold,
                kept: direction.kept.count, channels: direction.relevance.count,
                largestRelevance: answer.largestRelevance, pairs: answer.database.manifest.pairsDone,
                textMilliseconds: answer.textTime / .milliseconds(1),
                lookupMilliseconds: answer.lookupTime / .milliseconds(1), strongest: strongest)) + "\n"
    }

    /// A heading, the strongest channels by layer in the generator's order, and what it took.
    public func text(inColour: Bool) -> String {
        let direction = answer.direction
        let counts =
            "\(ProgressReporter.grouped(direction.kept.count)) of \(ProgressReporter.grouped(direction.relevance.count))"
        var lines = [
            "“\(Terminal.printable(answer.phrase, limit: 80))” instead of “\(Terminal.printable(answer.neutral, limit: 80))”: "
                + "\(counts) channels kept at β = \(direction.threshold), largest |R| \(Self.number(answer.largestRelevance, 4))"
        ]
        let byLayer = Dictionary(grouping: strongest, by: \.layer)
        for layer in answer.database.manifest.layers {
            guard let channels = byLayer[layer.name] else { continue }
            lines.append(Terminal.coloured(layer.name, .bold, where: inColour))
            for channel in channels {
                let colour: Terminal.Colour = channel.relevance > 0 ? .green : .red
                let relevance = Terminal.coloured(
                    "R \(Self.signed(channel.relevance, 4))", colour, where: inColour)
                let number = String(channel.channel)
                let padding = String(repeating: " ", count: max(0, 5 - number.count))
                lines.append("\(padding)\(number)  \(relevance)  ∆s \(Self.signed(channel.change, 4))")
            }
        }
        if direction.kept.count > top {
            lines.append(
                "and \(ProgressReporter.grouped(direction.kept.count - top)) weaker ones; --top shows more")
        }
        lines.append(
            "text \(Self.number(answer.textTime / .milliseconds(1), 1)) ms, "
                + "lookup \(Self.number(answer.lookupTime / .milliseconds(1), 1)) ms")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func number(_ value: some BinaryFloatingPoint, _ places: Int) -> String {
        FixedDecimal.text(Double(value), places: places)
    }

    private static func signed(_ value: Float, _ places: Int) -> String {
        (value < 0 ? "−" : "+") + number(abs(value), places)
    }
}
