import DatabaseReading
import Directions

/// Saves an answer in the catalogue, by the program that has the catalogue's library: `save-direction`.
public enum SavingDirection {
    /// - Throws: `CompanionError` with what that program said.
    public static func save(
        _ answer: DirectionAnswer, as name: String, _ options: DirectionOptions, clip: CLIPOptions
    ) throws {
        var arguments = ["--name=\(name)", "--store=\(answer.database.path)", "--neutral=\(answer.neutral)"]
        for (option, phrases) in [
            ("plus", answer.recipe.plus), ("minus", answer.recipe.minus), ("without", answer.recipe.without),
        ] {
            arguments += phrases.map { "--\(option)=\($0)" }
        }
        arguments.append("--beta=\(answer.direction.threshold)")
        for (option, value) in [
            ("confident", answer.confidence.map { "\($0)" }), ("alpha", answer.tuning.map { "\($0.alpha)" }),
            ("templates", options.templates), ("clip", clip.clip), ("merges", clip.merges),
        ] {
            if let value { arguments.append("--\(option)=\(value)") }
        }
        _ = try Companion.output(of: "save-direction", arguments + ["--", answer.phrase])
    }
}
