/// How the columns of a matrix B of `BlockedProducts` are cut into panels that a kernel takes at once: three blocks each, two
/// where threes do not come out even.
///
/// A panel stands `[I, width, 16]`, the panels one after the other; the I are pairs where the format has pairs.
struct ProductPanels {
    /// I
    let factors: Int
    let outputBlocks: Int

    /// The vectors of sixteen factors of the whole matrix.
    var vectors: Int { factors * outputBlocks }
    var count: Int { (outputBlocks + 2) / 3 }
    private var triples: Int { outputBlocks == 1 ? 0 : outputBlocks - 2 * count }

    /// A panel's first block, and how many it has.
    subscript(_ panel: Int) -> (block: Int, width: Int) {
        panel < triples ? (3 * panel, 3) : (3 * triples + 2 * (panel - triples), min(2, outputBlocks))
    }

    /// Where the first vector for a block of outputs stands, and how far it is to the next.
    func place(block: Int) -> (first: Int, step: Int) {
        let panel = block < 3 * triples ? block / 3 : triples + (block - 3 * triples) / 2
        let (first, width) = self[panel]
        return (first * factors + block - first, width)
    }
}
