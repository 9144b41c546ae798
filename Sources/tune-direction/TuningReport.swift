import CommandKit
import Directions

/// What was tried and what was chosen, as people read it, and as programs do.
struct TuningReport {
    private let tuning: Tuning
    private let recipe: DirectionRecipe

    init(_ tuning: Tuning, _ recipe: DirectionRecipe) {
        self.tuning = tuning
        self.recipe = recipe
    }

    /// One line of JSON.
    func json() throws -> String { try JSONText.encode(tuning) + "\n" }

    /// A row a point, β by β; an arrow marks the chosen one.
    func text() -> String {
        var lines = [
            "“\(Terminal.printable(recipe.phrase, limit: 80))” instead of “\(Terminal.printable(recipe.neutral, limit: 80))”",
            "chosen: β \(tuning.beta), α \(short(tuning.alpha)); of what was tried:",
            "      β  channels    α     gain    drift  outside",
        ]
        for point in tuning.curve {
            let isChosen = point.beta == tuning.beta && point.alpha == tuning.alpha
            lines.append(
                column("\(point.beta)", 7) + column("\(point.kept)", 10) + column(short(point.alpha), 5)
                    + column(SignedNumber.text(point.gain), 9) + column(plain(point.drift), 9)
                    + column(plain(point.outside), 9) + (isChosen ? "  ←" : ""))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func plain(_ value: Float) -> String { String(SignedNumber.text(value).dropFirst()) }

    private func short(_ value: Float) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
