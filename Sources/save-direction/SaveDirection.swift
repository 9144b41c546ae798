import ArgumentParser
import Catalogue
import CatalogueKit
import DatabaseReading
import Directions
import QuestionKit

@main struct SaveDirection: DirectionCommand {
    static let configuration = CommandConfiguration(
        commandName: "save-direction",
        abstract: "Save a direction under a name: in its database, and in the catalogue beside it.",
        discussion: """
            Examples:
              save-direction "tiger" --name "tiger stripes" --beta 0.15 --alpha 4
              list-directions stripes
              export-direction --all-saved
            """,
        version: ProgramVersion.current)

    @OptionGroup var phrase: PhraseOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var clip: CLIPOptions

    @Option(help: "The name; a direction of that name is replaced. Default: the phrase.")
    var name: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The strength at use. Default: with --beta auto the one that was found, or 4.", valueName: "α"))
    var alpha: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The lowest strength that makes good pictures. Default: −α.", valueName: "α"))
    var alphaFrom: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The highest strength that makes good pictures. Default: α.", valueName: "α"))
    var alphaTo: Double?

    @Option(help: "Words to find it by.")
    var note = ""

    func validate() throws {
        if let name { try DirectionOptions.requireVisible(name, as: "--name") }
        guard (name ?? phrase.phrase).utf8.count <= 400 else {
            throw ValidationError("--name is longer than 400 bytes")
        }
        try phrase.direction.faces.require(phrase.direction.choice == nil, "--beta auto")
        try SavingDirection.requireTemplates(phrase.direction)
        for (option, value) in [
            ("--alpha", alpha ?? 0), ("--alpha-from", alphaFrom ?? 0), ("--alpha-to", alphaTo ?? 0),
        ]
        where !(abs(value) <= SavedRecipe.strengthLimit) {
            throw ValidationError("\(option) is \(value); it must be from -1000 to 1000")
        }
    }

    func run() throws {
        let database = try database.open()
        let answer = try DirectionAnswer(phrase, clip: clip, of: database)
        let alpha = alpha ?? answer.tuning.map { Double($0.alpha) } ?? 4
        let saved = SavedRecipe(
            name: name ?? phrase.phrase, recipe: answer.recipe, beta: answer.direction.threshold,
            confidence: answer.confidence, alpha: alpha,
            lowAlpha: alphaFrom ?? -abs(alpha), highAlpha: alphaTo ?? abs(alpha),
            kept: answer.direction.kept.count, note: note)
        // The catalogue first: a direction that only a database knows is found again by --rebuild, and the other way
        // round nothing would find it.
        try StoreCatalogue.opened(for: database).save(
            SavedDirection(saved, database: database.manifest.identity))
        try database.save(saved)
    }
}
