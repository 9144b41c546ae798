/// Character references of HTML 5 turned into what they stand for, as Python's `html.unescape` does it.
///
/// Works on Unicode scalars. Named references may lack their semicolon where HTML allows it, and the longest name
/// that is known wins (`&notit;` is `¬it;`); numeric references are mended as browsers do.
enum HTMLEntities {
    /// - Parameter scalars: text with references, for example `hello&amp;goodbye`.
    static func unescape(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard scalars.contains("&") else { return scalars }
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        var i = 0
        while i < scalars.count {
            guard scalars[i] == "&", let (text, end) = reference(in: scalars, from: i + 1) else {
                result.append(scalars[i])
                i += 1
                continue
            }
            result += text
            i = end
        }
        return result
    }

    /// Resolves references that can be nothing else, as ftfy does: with their semicolon, of at most 24 characters, those
    /// too that stand in capitals (`&EACUTE;`); what comes of them may be part of another.
    static func resolved(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard scalars.contains("&") else { return scalars }
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        // What is still to be appended, the next one last: a reference's text comes before what follows it. Every
        // reference is longer than its text.
        var pending = Array(scalars.reversed())
        while let scalar = pending.popLast() {
            result.append(scalar)
            guard scalar == ";", let start = result.dropLast().suffix(26).lastIndex(of: "&"),
                let text = whole(result[start...])
            else { continue }
            result.removeSubrange(start...)
            pending += text.reversed()
        }
        return result
    }

    /// What a whole reference stands for, from its ampersand to its semicolon.
    private static func whole(_ reference: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar]? {
        let body = reference.dropFirst().dropLast()
        let isNumeric = body.first == "#"
        let name = isNumeric ? body.dropFirst() : body
        guard (1...24).contains(name.count), name.allSatisfy(isOfName) else { return nil }
        let scalars = Array(reference)
        if isNumeric {
            guard let (text, end) = numeric(in: scalars, from: 2), end == scalars.count, text != [";"] else {
                return nil
            }
            return text
        }
        guard let written = String(ascii: name) else { return nil }
        if let text = table[written + ";"] { return text }
        // In capitals, where these do not begin with another name that needs no semicolon.
        guard written == written.uppercased(), named(in: scalars, from: 1) == nil,
            let text = table[written.lowercased() + ";"]
        else { return nil }
        return text.flatMap { $0.properties.uppercaseMapping.unicodeScalars }
    }

    private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    /// What the reference that begins after an ampersand stands for, and where the text goes on.
    private static func reference(
        in scalars: [Unicode.Scalar], from start: Int
    ) -> (text: [Unicode.Scalar], end: Int)? {
        guard start < scalars.count else { return nil }
        return scalars[start] == "#"
            ? numeric(in: scalars, from: start + 1) : named(in: scalars, from: start)
    }

    private static func numeric(
        in scalars: [Unicode.Scalar], from start: Int
    ) -> (text: [Unicode.Scalar], end: Int)? {
        var i = start
        let isHexadecimal = i < scalars.count && (scalars[i] == "x" || scalars[i] == "X")
        let radix: UInt32 = isHexadecimal ? 16 : 10
        if isHexadecimal { i += 1 }
        let firstDigit = i
        var code: UInt32 = 0
        while i < scalars.count, let digit = hexadecimalDigit(scalars[i]), digit < radix {
            // Beyond the last code point it no longer matters by how much.
            code = min(code * radix + digit, 0x11_0000)
            i += 1
        }
        guard i > firstDigit else { return nil }
        if i < scalars.count, scalars[i] == ";" { i += 1 }
        return (character(of: code), i)
    }

    private static func hexadecimalDigit(_ scalar: Unicode.Scalar) -> UInt32? {
        switch scalar {
        case "0"..."9": scalar.value - 0x30
        case "a"..."f": scalar.value - 0x61 + 10
        case "A"..."F": scalar.value - 0x41 + 10
        default: nil
        }
    }

    /// The table of HTML 5, "numeric character reference end state": Windows-1252 where C1 controls were meant, nothing
    /// for what no document may hold.
    private static func character(of code: UInt32) -> [Unicode.Scalar] {
        switch code {
        case 0x0d: return ["\r"]
        case 0x80...0x9f: return [windows1252[Int(code - 0x80)]]
        case 0x01...0x08, 0x0b, 0x0e...0x1f, 0x7f, 0xfdd0...0xfdef: return []
        case _ where code & 0xfffe == 0xfffe && code <= 0x10_ffff: return []
        case 0: return ["\u{fffd}"]
        default: return [Unicode.Scalar(code) ?? "\u{fffd}"]
        }
    }

    /// What Windows-1252 has from 0x80 to 0x9F; the five bytes that it leaves open stand for themselves.
    static let windows1252: [Unicode.Scalar] = [
        "€", "\u{81}", "‚", "ƒ", "„", "…", "†", "‡", "ˆ", "‰", "Š", "‹", "Œ", "\u{8d}", "Ž", "\u{8f}",
        "\u{90}", "‘", "’", "“", "”", "•", "–", "—", "˜", "™", "š", "›", "œ", "\u{9d}", "ž", "Ÿ",
    ]

    private static func named(
        in scalars: [Unicode.Scalar], from start: Int
    ) -> (text: [Unicode.Scalar], end: Int)? {
        var end = start
        while end < scalars.count, end - start < longestName, !endsName(scalars[end]) { end += 1 }
        if end < scalars.count, end > start, scalars[end] == ";" { end += 1 }
        // Names are ASCII: anything else is no name, and never equal to one.
        for stop in stride(from: end, to: start + 1, by: -1) {
            guard let name = String(ascii: scalars[start..<stop]), let text = table[name] else { continue }
            return (text, stop)
        }
        return nil
    }

    /// The most characters before the semicolon that a reference is looked for in.
    private static let longestName = 32

    private static func endsName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\u{c}", " ", "<", "&", "#", ";": true
        default: false
        }
    }

    /// Names, with their semicolon and where allowed without it.
    private static let table: [String: [Unicode.Scalar]] = {
        var table: [String: [Unicode.Scalar]] = [:]
        for entry in HTMLEntityTable.packed.split(whereSeparator: \.isWhitespace) {
            guard let mark = entry.firstIndex(where: { $0 == "=" || $0 == "~" }) else { continue }
            let text = entry[entry.index(after: mark)...].split(separator: "+")
                .compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
            let name = String(entry[..<mark])
            table[name + ";"] = text
            if entry[mark] == "~" { table[name] = text }
        }
        return table
    }()
}

extension String {
    /// Nil where a scalar is not ASCII.
    fileprivate init?(ascii scalars: ArraySlice<Unicode.Scalar>) {
        guard scalars.allSatisfy(\.isASCII) else { return nil }
        self.init(String.UnicodeScalarView(scalars))
    }
}
