import ArgumentParser

/// Which prompt templates.
public struct EnsembleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Prompt templates, one a line, each with {} where the phrase goes. Default: the embedded ones.",
            valueName: "file"),
        completion: .file())
    public var templates: String?

    public init() {}
}
