import DatabaseReading
import Vocabulary

/// The prompt ensemble's unit embeddings of phrases: out of the database where they were asked for before, otherwise
/// from CLIP's text encoder, and then kept.
public final class PhraseEmbeddings {
    /// What tells this set of prompt templates from another.
    public let ensemble: String
    private let database: RelevanceDatabase
    private let embedder: TextEmbedder

    /// - Parameter templates: a file of prompt templates; nil for the embedded ones.
    /// - Throws: `VocabularyError` that names the file and the line; `CompanionError` where a CLIP is named that is not
    ///   the database's.
    public init(_ database: RelevanceDatabase, clip: CLIPOptions, templates: String?) throws {
        self.database = database
        ensemble = Self.name(of: try templates.map(Templates.load) ?? Templates.default)
        embedder = TextEmbedder(database: database, clip: clip, templates: templates)
        // Whoever names a CLIP is told if it is another one, though nothing may need encoding.
        if clip.clip != nil { try embedder.start() }
    }

    /// The embeddings of phrases, in their order: `[phrases.count][d]`.
    /// - Throws: `CompanionError`, `StoreError`.
    public func of(_ phrases: [String]) throws -> [[Float]] {
        var known: [String: [Float]] = [:]
        var missing: [String] = []
        for phrase in phrases where known[phrase] == nil {
            if let values = try database.embedding(key(phrase)) {
                known[phrase] = values
            } else {
                known[phrase] = []
                missing.append(phrase)
            }
        }
        if !missing.isEmpty {
            let embedded = try embedder.embeddings(of: missing)
            for (phrase, values) in zip(missing, embedded) { known[phrase] = values }
            // Only the next question's speed hangs on it.
            try? database.keep(zip(missing, embedded).map { (key: key($0), values: $1) })
        }
        return phrases.map { known[$0, default: []] }
    }

    private func key(_ phrase: String) -> TextKey { TextKey(phrase: phrase, ensemble: ensemble) }

    /// Tells sets of templates apart: their number, and FNV-1a of their texts with an end mark each.
    package static func name(of templates: [Template]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for template in templates {
            template.text.utf8.forEach(take)
            take(0)
        }
        return "\(templates.count)-\(String(hash, radix: 16))"
    }
}
