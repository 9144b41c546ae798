/// A sentence with a place for a phrase, for example `a photo of a {}`.
///
/// The article before the place is fitted to the phrase: `an` before a vowel's sound; none where the phrase brings its
/// own determiner (`the lion`, `two dogs`) or begins with a preposition (`with glasses`), nor `a` where its head is a
/// plural (`glasses`, `blue eyes`; the head is the last word before a preposition, as in `face with glasses`). Everything
/// else of the phrase stays as it is.
public struct Template: Hashable, Sendable, CustomStringConvertible {
    /// The template as written.
    public let text: String

    /// What stands before the place, without its article.
    private let opening: String
    /// `a`, `an`, `the`, or nothing.
    private let article: String
    private let ending: String

    public var description: String { text }

    /// - Throws: `VocabularyError.template` unless `{}` stands in it exactly once.
    public init(_ text: String) throws(VocabularyError) {
        let parts = text.split(separator: "{}", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .template(text: text, places: parts.count - 1) }
        self.text = text
        let words = parts[0].split(separator: " ", omittingEmptySubsequences: false)
        // "of a " splits into "of", "a" and nothing.
        let last = words.dropLast().last.map(String.init) ?? ""
        if words.last == "", ["a", "an", "the"].contains(last.lowercased()) {
            opening = words.dropLast(2).map { $0 + " " }.joined()
            article = last
        } else {
            opening = String(parts[0])
            article = ""
        }
        ending = String(parts[1])
    }

    /// The sentence about a phrase.
    public func callAsFunction(_ phrase: String) -> String {
        let fitted = Self.fit(article, to: phrase)
        return opening + (fitted.isEmpty ? "" : fitted + " ") + phrase + ending
    }

    /// What stands before a phrase, whichever it is, without the space: a text for each article that may be there.
    public var beginnings: [String] {
        // Whatever touches the phrase is part of the phrase's first word.
        guard !article.isEmpty else {
            return [opening.lastIndex(of: " ").map { String(opening[..<$0]) } ?? ""]
        }
        return (article.lowercased() == "the" ? ["the"] : ["a", "an"]).map { opening + $0 }
    }

    private static func fit(_ article: String, to phrase: String) -> String {
        let words = phrase.lowercased().split(whereSeparator: \.isWhitespace)
        guard !article.isEmpty, let first = words.first else { return article }
        if determiners.contains(String(first)) || prepositions.contains(String(first)) { return "" }
        let isCapital = article.first?.isUppercase == true
        guard article.lowercased() != "the" else { return article }
        if isPlural(head(of: words)) { return "" }
        let fitted = beginsWithVowelSound(first) ? "an" : "a"
        return isCapital ? "A" + fitted.dropFirst() : fitted
    }

    private static let determiners: Set<String> = [
        "a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their",
        "some",
        "no", "one", "two", "three", "four", "five", "many",
    ]

    private static let prepositions: Set<String> = [
        "with", "without", "of", "in", "on", "at", "from", "by", "for", "under", "wearing", "holding", "who",
        "that",
    ]

    private static func head(of words: [Substring]) -> Substring {
        words.prefix { !prepositions.contains(String($0)) }.last ?? ""
    }

    /// Words in -s that are one thing, and plurals without it.
    private static func isPlural(_ word: Substring) -> Bool {
        if ["men", "women", "people", "children", "teeth", "feet", "mice", "geese", "bangs"].contains(word) {
            return true
        }
        if ["lens", "gas", "christmas", "canvas", "pancreas", "rhinoceros"].contains(word) { return false }
        return word.count > 2 && word.hasSuffix("s") && !["ss", "us", "is"].contains { word.hasSuffix($0) }
    }

    private static func beginsWithVowelSound(_ word: Substring) -> Bool {
        if ["hour", "honest", "honor", "honour", "heir"].contains(where: word.hasPrefix) { return true }
        // Spelt with a vowel, spoken with a consonant: unicorn, used, European, ukulele; one-eyed, but not onerous.
        if ["one", "once"].contains(word.prefix { $0 != "-" }) { return false }
        if ["uni", "use", "usu", "uti", "uku", "eu", "ewe", "ufo"].contains(where: word.hasPrefix) {
            return word.hasPrefix("unin") || word.hasPrefix("unim") || word.hasPrefix("unid")
        }
        // Eight, eighty, eight hundred; eleven and eighteen.
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        if digits.first == "8" || digits == "11" || digits == "18" { return true }
        return word.first.map { "aeiouàáâäèéêëìíîïòóôöùúûü".contains($0) } ?? false
    }
}
