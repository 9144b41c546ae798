import ArgumentParser

/// What is asked of a database: which phrase, and how its direction is made.
public struct PhraseOptions: ParsableArguments {
    @Argument(help: "What pictures are to become, for example \"tiger\".")
    public var phrase: String

    @OptionGroup public var direction: DirectionOptions

    public init() {}

    public mutating func validate() throws {
        try DirectionOptions.requireVisible(phrase, as: "the phrase")
    }
}
