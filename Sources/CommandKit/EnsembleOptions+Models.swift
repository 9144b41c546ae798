import CLIP
import QuestionKit
import Vocabulary

extension EnsembleOptions {
    /// The prompt ensemble.
    /// - Throws: `VocabularyError` that names the file and the line, `CLIPError.empty`.
    public func ensemble() throws -> PromptEnsemble {
        guard let templates else { return try PromptEnsemble() }
        return try PromptEnsemble(templates: Templates.load(path: templates))
    }
}
