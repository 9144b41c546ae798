import ArgumentParser
import CLIP
import NeuralLayers
import Vocabulary

/// What stands for a phrase where pictures are made like it themselves, and not along a direction: as published, the
/// phrase alone.
public struct TextOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Prompt templates, one a line, each with {} where the phrase goes. Default: the phrase alone.",
            valueName: "file"),
        completion: .file())
    var templates: String?

    public init() {}

    /// - Throws: `VocabularyError` that names the file and the line.
    public func loadTemplates() throws -> [Template] { try templates.map(Templates.load) ?? [Template("{}")] }

    /// E_t, of unit length: `[d]`.
    /// - Throws: `CLIPError`; as `loadTemplates`.
    public func embedding(of phrase: String, by model: CLIPModel) throws -> [Float] {
        // A small encoder's threads would wait for one another longer than they work.
        if model.configuration.text.width <= 256 { Threads.limit(to: 1) }
        return try PromptEnsemble(templates: loadTemplates()).embedding(of: phrase, by: model.textEncoder())
    }
}
