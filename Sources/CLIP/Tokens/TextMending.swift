import Foundation

/// Text mended as `ftfy.fix_text` mends it, which OpenAI's tokenizer has done first: HTML's references resolved, ligatures,
/// widths, quotation marks and line breaks made plain, control characters removed, letters composed (NFC).
///
/// One step of ftfy's is left out: text that was decoded by a wrong encoding (`cafÃ©`) stays as it is.
/// Source of the facts: ftfy's documentation (6.3), and what it makes of the texts of the tests.
enum TextMending {
    /// ftfy goes round until nothing changes, which may be as often as a hostile text has characters.
    private static let maximumRounds = 8

    static func mended(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard !text.allSatisfy(isPlain) else { return text }
        // From a line with a bracket on, references may be meant: there they wait for the tokenizer's own two rounds.
        let bracket = text.firstIndex(of: "<")
        let line = bracket.map { text[..<$0].lastIndex(of: "\n").map { $0 + 1 } ?? 0 } ?? text.count
        return mended(text[..<line], resolvesReferences: true)
            + mended(text[line...], resolvesReferences: false)
    }

    /// Whether no step changes a character, whatever stands beside it.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        (0x20..<0x7f).contains(scalar.value) && scalar != "&" || scalar == "\n" || scalar == "\t"
    }

    private static func mended(
        _ part: ArraySlice<Unicode.Scalar>, resolvesReferences: Bool
    ) -> [Unicode.Scalar] {
        var text = Array(part)
        for _ in 0..<maximumRounds {
            let before = text
            if resolvesReferences { text = HTMLEntities.resolved(text) }
            text = text.reduce(into: []) { append($1, to: &$0) }
            text = composed(withoutTerminalEscapes(text).filter { !isControl($0) })
            if text == before { break }
        }
        return text
    }

    /// Appends what a character becomes.
    private static func append(_ scalar: Unicode.Scalar, to text: inout [Unicode.Scalar]) {
        switch scalar.value {
        case 0..<0x80: text.append(scalar == "\r" ? "\n" : scalar)
        case 0x80...0x9f:
            let meant = HTMLEntities.windows1252[Int(scalar.value - 0x80)]
            if meant == scalar { text.append(scalar) } else { append(meant, to: &text) }
        case 0x2bc, 0x2018...0x201b: text.append("'")
        case 0x201c...0x201f: text.append("\"")
        case 0x2028, 0x2029: text.append("\n")
        case 0x3000: text.append(" ")
        default:
            if let letters = ligatures[scalar] {
                text += letters.unicodeScalars
            } else {
                text += CharacterWidths.usual(scalar) ?? [scalar]
            }
        }
    }

    /// Latin ligatures, and letters that stand for two.
    private static let ligatures: [Unicode.Scalar: String] = [
        "Ĳ": "IJ", "ĳ": "ij", "ŉ": "'n", "Ǳ": "DZ", "ǲ": "Dz", "ǳ": "dz", "Ǆ": "DŽ", "ǅ": "Dž", "ǆ": "dž",
        "Ǉ": "LJ", "ǈ": "Lj", "ǉ": "lj", "Ǌ": "NJ", "ǋ": "Nj", "ǌ": "nj", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl",
        "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ſt", "ﬆ": "st",
    ]

    /// Without what colours a terminal: ESC [ digits and semicolons, a letter.
    private static func withoutTerminalEscapes(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains("\u{1b}") else { return text }
        var rest = text[...]
        var result: [Unicode.Scalar] = []
        while let escape = rest.firstIndex(of: "\u{1b}") {
            result += rest[..<escape]
            rest = rest[escape...]
            let parameters = rest.dropFirst(2).drop {
                $0 == ";" || $0.properties.generalCategory == .decimalNumber
            }
            if rest.dropFirst().first == "[", let end = parameters.first,
                ("a"..."z").contains(end) || ("A"..."Z").contains(end)
            {
                rest = parameters.dropFirst()
            } else {
                result.append(contentsOf: rest.prefix(1))
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    /// What nobody means to write: ASCII's controls but for white space, deprecated Arabic ones, annotations, the mark of
    /// byte order.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...8, 0xb, 0xe...0x1f, 0x7f, 0x206a...0x206f, 0xfeff, 0xfff9...0xfffc: true
        default: false
        }
    }

    /// No letter has so many marks; putting them in order takes quadratic time, so that they are taken in parts.
    private static let maximumMarks = 256

    private static func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard !text.allSatisfy(\.isASCII) else { return text }
        var result: [Unicode.Scalar] = []
        var (start, marks) = (0, 0)
        for (i, scalar) in text.enumerated() {
            marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            guard marks == maximumMarks || i + 1 == text.count else { continue }
            let part = String(String.UnicodeScalarView(text[start...i]))
            result += part.precomposedStringWithCanonicalMapping.unicodeScalars
            (start, marks) = (i + 1, 0)
        }
        return result
    }
}
