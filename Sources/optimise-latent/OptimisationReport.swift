import CommandKit
import Editing

/// What came of every face, as people read it, and as programs do.
struct OptimisationReport {
    private struct Answer: Encodable {
        struct Face: Encodable {
            let similarityBefore, similarityAfter, distance: Float
            let bestStep: Int
            /// Before the first step and after each.
            let losses: [Float]
        }

        let phrase: String
        let space: String
        let steps: Int
        let learningRate: Double
        let l2: Float
        let faces: [Face]
        let sheet: String
        let latents: String?
        let seconds: Double
    }

    private let answer: Answer

    init(
        _ phrase: String, _ settings: LatentOptimisation.Settings, _ latents: [OptimisedLatent],
        sheet: String, saved: String?, took: Duration
    ) {
        answer = Answer(
            phrase: phrase, space: settings.space.rawValue, steps: settings.steps,
            learningRate: settings.learningRate, l2: settings.distanceWeight,
            faces: latents.map {
                Answer.Face(
                    similarityBefore: $0.first.similarity, similarityAfter: $0.best.similarity,
                    distance: $0.best.distance.squareRoot(), bestStep: $0.step, losses: $0.values.map(\.loss))
            },
            sheet: sheet, latents: saved, seconds: took / .seconds(1))
    }

    /// One line of JSON.
    func json() throws -> String { try JSONText.encode(answer) + "\n" }

    /// A row a face: E_i·E_t before and after, and how far from the face's own latent.
    func text() -> String {
        var lines = [
            "“\(Terminal.printable(answer.phrase, limit: 80))” in \(answer.space), λ \(answer.l2), "
                + "\(answer.steps) steps",
            "face  similarity  becomes  distance",
        ]
        for (number, face) in answer.faces.enumerated() {
            lines.append(
                column("\(number)", 4) + column(SignedNumber.text(face.similarityBefore, places: 3), 12)
                    + column(SignedNumber.text(face.similarityAfter, places: 3), 9)
                    + column(FixedDecimal.text(Double(face.distance), places: 2), 10))
        }
        lines += [answer.sheet, answer.latents].compactMap(\.self).map { Terminal.printable($0) }
        lines.append("\(ProgressReporter.duration(answer.seconds))")
        return lines.joined(separator: "\n") + "\n"
    }

    private func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
