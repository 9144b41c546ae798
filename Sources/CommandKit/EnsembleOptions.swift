import ArgumentParser
import CLIP
import Vocabulary

/// Which prompt templates.
public struct EnsembleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Prompt templates, one a line, each with {} where the phrase goes. Default: the embedded ones.",
            valueName: "file"),
        completion: .file())
    public var templates: String?

    public init() {}

    /// The prompt ensemble.
    /// - Throws: `VocabularyError` that names the file and the line, `CLIPError.empty`.
    public func ensemble() throws -> PromptEnsemble {
        guard let templates else { return try PromptEnsemble() }
        return try PromptEnsemble(templates: Templates.load(path: templates))
    }
}
