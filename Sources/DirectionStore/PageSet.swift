/// A set of page numbers of one file, a bit each.
struct PageSet {
    private var words: [UInt64]
    private let pages: UInt64

    /// - Parameter pages: how many pages the file has; higher numbers cannot be members.
    init(pages: UInt64) {
        self.pages = pages
        words = [UInt64](repeating: 0, count: Int(clamping: (pages + 63) / 64))
    }

    func contains(_ page: UInt64) -> Bool {
        page < pages && words[Int(page / 64)] & 1 << (page % 64) != 0
    }

    /// Adds a page of the file; false where it was a member before.
    mutating func insert(_ page: UInt64) -> Bool {
        precondition(page < pages)
        let word = Int(page / 64)
        let bit: UInt64 = 1 << (page % 64)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        return true
    }
}
