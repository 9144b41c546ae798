import ArgumentParser
import DatabaseReading
import Directions

/// Saves an answer in the catalogue, by the program that has the catalogue's library: `save-direction`.
public enum SavingDirection {
    /// Throws where templates are named: a saved direction does not remember them, and would be another one at use.
    public static func requireTemplates(_ options: DirectionOptions) throws {
        guard options.templates == nil else {
            throw ValidationError("--templates is not remembered with a direction; save it without them")
        }
    }

    /// - Parameter alpha: The strength at use; nil for the one that was found, or the program's own.
    /// - Throws: `CompanionError` with what that program said.
    public static func save(
        _ answer: DirectionAnswer, as name: String, alpha: Float?, clip: CLIPOptions
    ) throws {
        var arguments = ["--name=\(name)", "--store=\(answer.database.path)", "--neutral=\(answer.neutral)"]
        for (option, phrases) in [
            ("plus", answer.recipe.plus), ("minus", answer.recipe.minus), ("without", answer.recipe.without),
        ] {
            arguments += phrases.map { "--\(option)=\($0)" }
        }
        arguments.append("--beta=\(answer.direction.threshold)")
        for (option, value) in [
            ("confident", answer.confidence.map { "\($0)" }),
            ("alpha", (alpha ?? answer.tuning?.alpha).map { "\($0)" }),
            ("clip", clip.clip), ("merges", clip.merges),
        ] {
            if let value { arguments.append("--\(option)=\(value)") }
        }
        _ = try Companion.output(of: "save-direction", arguments + ["--", answer.phrase])
    }
}
