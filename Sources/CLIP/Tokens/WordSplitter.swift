/// The words that CLIP's byte pairs are merged in: text cleaned, lowered and cut as OpenAI's tokenizer does it.
///
/// Cleaning mends the text (`TextMending`), resolves HTML's character references twice and takes white space as one kind.
/// The cut is the pattern `<|startoftext|>|<|endoftext|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`,
/// case ignored.
enum WordSplitter {
    static let startMark = "<|startoftext|>"
    static let endMark = "<|endoftext|>"

    /// The alternatives of the pattern that are literal, in its order.
    private static let literals = [startMark, endMark, "'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
        .map { Array($0.unicodeScalars) }

    /// The words of a text, lowered, in order.
    static func words(of text: String) -> [String] {
        let text = lowered(clean(text))
        var words: [String] = []
        var i = 0
        while i < text.count {
            let end = endOfWord(in: text, from: i)
            guard let end else {
                i += 1
                continue
            }
            words.append(String(String.UnicodeScalarView(text[i..<end])))
            i = end
        }
        return words
    }

    /// Mended, references resolved, white space cut from both ends.
    private static func clean(_ text: String) -> ArraySlice<Unicode.Scalar> {
        let mended = TextMending.mended(Array(text.unicodeScalars))
        let scalars = HTMLEntities.unescape(HTMLEntities.unescape(mended))
        guard let first = scalars.firstIndex(where: { !isTrimmed($0) }),
            let last = scalars.lastIndex(where: { !isTrimmed($0) })
        else { return [] }
        return scalars[first...last]
    }

    /// Python's `str.strip` also takes the four separators of ASCII, which the pattern does not take for white space.
    private static func isTrimmed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
    }

    /// Unicode's full lower case, with the final form of sigma.
    private static func lowered(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        for i in scalars.indices {
            switch scalars[i] {
            case "A"..."Z":
                result.append(Unicode.Scalar(UInt8(scalars[i].value) + 0x20))
            case "\u{0}"..."\u{7f}":
                result.append(scalars[i])
            case "Σ":
                result.append(endsWord(i, in: scalars) ? "ς" : "σ")
            default:
                result += scalars[i].properties.lowercaseMapping.unicodeScalars
            }
        }
        return result
    }

    /// Unicode's condition Final_Sigma: a cased letter before, none after, whatever case-ignorable lies between.
    private static func endsWord(_ i: Int, in scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        let before = scalars[..<i].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(i + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true
    }

    /// Where the word that begins here ends; nil at white space.
    private static func endOfWord(in text: [Unicode.Scalar], from start: Int) -> Int? {
        for literal in literals where starts(text[start...], with: literal) { return start + literal.count }
        switch kind(of: text[start]) {
        case .space: return nil
        case .number: return start + 1
        case let kind:
            return text[start...].firstIndex { self.kind(of: $0) != kind } ?? text.count
        }
    }

    private static func starts(_ text: ArraySlice<Unicode.Scalar>, with literal: [Unicode.Scalar]) -> Bool {
        guard text.count >= literal.count else { return false }
        // Case is ignored: the long s, which has no other lower case, counts as s.
        return zip(text, literal).allSatisfy { $0 == $1 || ($0 == "ſ" && $1 == "s") }
    }

    private enum Kind {
        case letter, number, space, other
    }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        switch scalar {
        case "a"..."z": return .letter
        case "0"..."9": return .number
        default: break
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return .letter
        case .decimalNumber, .letterNumber, .otherNumber: return .number
        default: return scalar.properties.isWhitespace ? .space : .other
        }
    }
}
