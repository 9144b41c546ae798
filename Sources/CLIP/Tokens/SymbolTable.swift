/// The symbols of a byte-pair encoding by their text: a hash table over bytes that lie one after another.
///
/// Every run of a command that meets a new phrase reads some 50,000 of them.
struct SymbolTable {
    /// The texts of all symbols, one behind another.
    private var texts: [UInt8] = []
    /// Where each symbol's text ends; the next one's begins there.
    private var ends: [Int] = []
    /// The symbol in each place, or −1; a power of two of them, at most half full.
    private var slots: [Int32]

    /// - Parameter capacity: about how many symbols there will be.
    init(capacity: Int) {
        var size = 1024
        while size < 2 * capacity { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
    }

    var count: Int { ends.count }

    /// The symbol of a text.
    func symbol(of text: ArraySlice<UInt8>) -> Int? {
        let found = slots[slot(of: text)]
        return found < 0 ? nil : Int(found)
    }

    /// The symbol of two texts as one, which is new where there was none.
    mutating func insert(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8> = []) -> Int {
        let start = texts.count
        texts += left
        texts += right
        let place = slot(of: texts[start...])
        if slots[place] >= 0 {
            texts.removeSubrange(start...)
            return Int(slots[place])
        }
        slots[place] = Int32(ends.count)
        ends.append(texts.count)
        if 2 * ends.count > slots.count { grow() }
        return ends.count - 1
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: 2 * slots.count)
        for symbol in ends.indices { slots[slot(of: text(symbol))] = Int32(symbol) }
    }

    private func text(_ symbol: Int) -> ArraySlice<UInt8> {
        texts[(symbol == 0 ? 0 : ends[symbol - 1])..<ends[symbol]]
    }

    /// Where a text is, or would be.
    private func slot(of text: ArraySlice<UInt8>) -> Int {
        // FNV-1a, its high bits folded in.
        let hash = text.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        var place = Int(truncatingIfNeeded: hash ^ hash >> 32) & (slots.count - 1)
        while slots[place] >= 0, !self.text(Int(slots[place])).elementsEqual(text) {
            place = (place + 1) & (slots.count - 1)
        }
        return place
    }
}
