import Tensors
import Vocabulary

/// The embedding of a phrase as the method has it: the mean of its unit embeddings in many templates, to unit length.
public struct PromptEnsemble: Sendable {
    public let templates: [Template]

    /// - Throws: `CLIPError.empty` without templates.
    public init(templates: [Template] = Templates.default) throws(CLIPError) {
        guard !templates.isEmpty else { throw .empty(what: "the list of templates") }
        self.templates = templates
    }

    /// What stands before a phrase, of all templates: an encoder goes through it once for all phrases.
    public var beginnings: [String] { templates.flatMap(\.beginnings) }

    /// unit(mean over templates of unit(E_t(template(phrase)))): `[d]`.
    /// - Throws: `CLIPError.empty` for a phrase without a visible character, `.tokenizer` for one that is too long.
    public func embedding(of phrase: String, by encoder: TextEncoder) throws(CLIPError) -> [Float] {
        try embeddings(of: [phrase], by: encoder)[0]
    }

    /// The unit embeddings of several phrases, computed together: they share the beginnings of their sentences.
    /// - Throws: as `embedding(of:by:)`.
    public func embeddings(of phrases: [String], by encoder: TextEncoder) throws(CLIPError) -> [[Float]] {
        guard phrases.allSatisfy({ $0.contains { !$0.isWhitespace } }) else {
            throw .empty(what: "the phrase")
        }
        let sentences = phrases.flatMap { phrase in templates.map { $0(phrase) } }
        var embeddings = try encoder.embed(sentences)
        let width = embeddings.shape[1]
        return embeddings.withUnsafeMutableValues { embeddings in
            phrases.indices.map { phrase in
                var mean = [Float](repeating: 0, count: width)
                for sentence in phrase * templates.count..<(phrase + 1) * templates.count {
                    let row = embeddings[sentence * width..<(sentence + 1) * width]
                    UnitVector.normalise(UnsafeMutableBufferPointer(rebasing: row))
                    for i in 0..<width { mean[i] += row[row.startIndex + i] }
                }
                mean.withUnsafeMutableBufferPointer { UnitVector.normalise($0) }
                return mean
            }
        }
    }
}
