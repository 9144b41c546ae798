import Vocabulary

/// Prompt engineering: a phrase in many sentences, embedded and averaged.
public struct PromptEnsemble: Sendable {
    public let templates: [Template]

    /// - Throws: `CLIPError.empty` without templates.
    public init(templates: [Template] = Templates.default) throws(CLIPError) {
        guard !templates.isEmpty else { throw .empty(what: "the list of templates") }
        self.templates = templates
    }

    /// unit(mean over templates of unit(E_t(template(phrase)))): `[d]`.
    /// - Throws: `CLIPError.empty` for a phrase without a visible character, `.tokenizer` for one that is too long.
    public func embedding(of phrase: String, by encoder: TextEncoder) throws(CLIPError) -> [Float] {
        guard phrase.contains(where: { !$0.isWhitespace }) else { throw .empty(what: "the phrase") }
        let embeddings = try encoder.embed(templates.map { $0(phrase) })
        let dimension = embeddings.shape[1]
        var mean = [Double](repeating: 0, count: dimension)
        for row in 0..<templates.count {
            let values = (0..<dimension).map { Double(embeddings[row * dimension + $0]) }
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for i in 0..<dimension { mean[i] += values[i] / norm }
        }
        let norm = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return mean.map { Float($0 / norm) }
    }
}
