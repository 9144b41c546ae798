import Directions

extension StyleStatistics {
    /// Puts the moments of blocks of samples together, in the order given.
    ///
    /// The blocks' bounds and order are the caller's to fix: then any number of workers gives the same bits.
    /// - Throws: `RelevanceError` where the blocks are of different widths or hold no sample.
    public init(blocks: [StyleMoments]) throws(RelevanceError) {
        guard var all = blocks.first, all.samples > 0 else {
            throw .count(what: "samples of styles", found: 0, expected: 1)
        }
        for block in blocks.dropFirst() { try all.merge(block) }
        try self.init(
            mean: all.mean.map { Float($0) },
            deviation: all.squares.map { Float(($0 / Double(all.samples)).squareRoot()) })
    }
}
