import ArgumentParser
import Vocabulary

/// What is asked of a database: from which phrase to which, how disentangled.
public struct PhraseOptions: ParsableArguments {
    /// As in the method's published examples.
    public static let defaultThreshold: Float = 0.12

    @Argument(help: "What pictures are to become, for example \"tiger\".")
    public var phrase: String

    @Option(
        help: ArgumentHelp(
            "What pictures are: the phrase that the direction leads away from. Default: the database's own.",
            valueName: "phrase"))
    public var neutral: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The disentanglement threshold β, from 0 to 1: style channels with a smaller |R| are left alone.",
            valueName: "β"))
    public var beta = PhraseOptions.defaultThreshold

    @Option(
        help: ArgumentHelp(
            "Prompt templates, one a line, each with {} where the phrase goes. Default: the embedded ones.",
            valueName: "file"),
        completion: .file())
    public var templates: String?

    public init() {}

    public mutating func validate() throws {
        try Self.requireVisible(phrase, as: "the phrase")
        if let neutral { try Self.requireVisible(neutral, as: "--neutral") }
        guard beta >= 0, beta <= 1 else { throw ValidationError("--beta is \(beta); it must be from 0 to 1") }
    }

    /// Throws unless a text shows something.
    public static func requireVisible(_ text: String, as name: String) throws {
        let isVisible = text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator, .unassigned: false
            default: true
            }
        }
        guard isVisible else { throw ValidationError("\(name) is empty; give a word or a few, as \"tiger\"") }
    }

}
