/// The block of halfwidth and fullwidth forms (U+FF00 to U+FFEF) and what its characters are in their usual width.
enum CharacterWidths {
    /// Nil for what has no other width. One of them is two characters: a space and the bar above it.
    static func usual(_ scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
        switch scalar.value {
        case 0xff01...0xff5e: [Unicode.Scalar(UInt8(scalar.value - 0xfee0))]
        case 0xff5f...0xffee: forms[scalar]
        default: nil
        }
    }

    private static let forms: [Unicode.Scalar: [Unicode.Scalar]] = {
        var forms: [Unicode.Scalar: [Unicode.Scalar]] = [:]
        func add(from first: UInt32, _ others: some Sequence<UInt32>) {
            for (code, other) in zip(first..., others) {
                guard let form = Unicode.Scalar(code), let usual = Unicode.Scalar(other) else { continue }
                forms[form] = [usual]
            }
        }
        add(from: 0xff5f, [0x2985, 0x2986])
        let katakana = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
        add(from: 0xff61, katakana.unicodeScalars.map(\.value) + [0x3099, 0x309a])
        // Hangul: the filler and the consonants, then the vowels with gaps between them.
        add(from: 0xffa0, [0x1160, 0x1100, 0x1101, 0x11aa, 0x1102, 0x11ac, 0x11ad, 0x1103, 0x1104, 0x1105])
        add(from: 0xffaa, Array(0x11b0...0x11b5) + [0x111a, 0x1106, 0x1107, 0x1108, 0x1121])
        add(from: 0xffb5, 0x1109...0x1112)
        for (first, vowels) in [
            (0xffc2, 0x1161...0x1166), (0xffca, 0x1167...0x116c), (0xffd2, 0x116d...0x1172),
            (0xffda, 0x1173...0x1175),
        ] as [(UInt32, ClosedRange<UInt32>)] {
            add(from: first, vowels)
        }
        add(from: 0xffe0, [0xa2, 0xa3, 0xac])
        forms["\u{ffe3}"] = [" ", "\u{304}"]
        add(from: 0xffe4, [0xa6, 0xa5, 0x20a9])
        add(from: 0xffe8, [0x2502, 0x2190, 0x2191, 0x2192, 0x2193, 0x25a0, 0x25cb])
        return forms
    }()
}
