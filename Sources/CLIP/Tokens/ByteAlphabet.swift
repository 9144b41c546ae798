/// The printable character that stands for each byte in a file of merges, in the order of their tokens.
///
/// Printable bytes of Latin-1 stand for themselves and come first; the others follow as U+0100 and on.
enum ByteAlphabet {
    /// The 256 characters, by token.
    static let characters: [Character] = order.enumerated().map { position, byte in
        let isPrintable = position < printable.count
        let code = isPrintable ? UInt32(byte) : 256 + UInt32(position - printable.count)
        return Character(Unicode.Scalar(code) ?? "\u{fffd}")
    }

    /// The place of a byte in that order: its token inside of a word.
    static func position(of byte: UInt8) -> Int { positions[Int(byte)] }

    private static let printable: [UInt8] = Array(33...126) + Array(161...172) + Array(174...255)

    private static let order: [UInt8] = printable + (0...255).filter { !printable.contains($0) }

    private static let positions: [Int] = {
        var positions = [Int](repeating: 0, count: 256)
        for (position, byte) in order.enumerated() { positions[Int(byte)] = position }
        return positions
    }()
}
