import AnimalFaces
import DatabaseReading
import Directions

extension DirectionRecipe {
    /// The words of the phrases that say nothing to the CLIP of a database, as far as that is known: of the embedded one it is.
    public func unknownWords(for manifest: Manifest) -> [String] {
        manifest.clip.isEmbedded ? CaptionWords.unknown(in: phrases.joined(separator: " ")) : []
    }

    /// A line about them, where there are any.
    public func remarkOnWords(for manifest: Manifest) -> String? {
        CaptionWords.remark(on: unknownWords(for: manifest))
    }
}

extension CLIPOptions {
    /// A line about a phrase's words that say nothing to this CLIP, as far as that is known: of the embedded one it is.
    public func remarkOnWords(of phrase: String) -> String? {
        clip == nil ? CaptionWords.remark(on: CaptionWords.unknown(in: phrase)) : nil
    }
}

extension CaptionWords {
    /// A line about words that captions never had, where there are any.
    fileprivate static func remark(on unknown: [String]) -> String? {
        let words = unknown.map { "“\(Terminal.printable($0, limit: 40))”" }
        guard !words.isEmpty else { return nil }
        return
            "the embedded CLIP was shown drawn animal faces alone: \(words.prefix(5).joined(separator: ", ")) "
            + "\(words.count == 1 ? "says" : "say") nothing to it, and what is found means nothing"
    }
}
