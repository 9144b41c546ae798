/// How a batch of maps is cut into strips of whole lines of tiles: all of one height, but for a shorter last one.
public struct StripLayout: Sendable {
    /// Tiles in a line, and lines in a sample.
    let tilesAcross, tilesDown: Int
    /// Lines in a strip, but for the last one.
    let linesPerStrip: Int
    /// Lines in all samples.
    let lines: Int
    /// The memory of a strip before and after its products.
    public let bytes: (transformed: Int, multiplied: Int)

    /// Tiles of 4 × 4 pixels of a map that keeps its size, of 3 × 3 pixels of one that is doubled.
    ///
    /// A strip has so many lines that what goes through the products is as much as their weights, or fits the second-level
    /// cache: about half as many tiles as channels, and 32 at least, which keep the matrix kernels busy.
    public init(inputs: Int, outputs: Int, isUp: Bool, batch: Int, height: Int, width: Int) {
        tilesAcross = isUp ? width / 3 + 1 : (width + 3) / 4
        tilesDown = isUp ? height / 3 + 1 : (height + 3) / 4
        lines = batch * tilesDown
        let tiles = max(32, max(inputs, outputs) / 2)
        linesPerStrip = min(lines, max(1, (tiles + tilesAcross / 2) / tilesAcross))
        let vectors = (isUp ? 49 : 36) * linesPerStrip * tilesAcross
        bytes = (vectors * ((inputs + 15) / 16) * 64, vectors * ((outputs + 15) / 16) * 64)
    }

    var strips: [Range<Int>] {
        stride(from: 0, to: lines, by: linesPerStrip).map { $0..<min($0 + linesPerStrip, lines) }
    }

    /// The tiles of a strip.
    func tiles(_ strip: Range<Int>) -> Int { strip.count * tilesAcross }
}

/// What strips are worked through in, before and after their products: shared by layers that one thread runs in turn.
public final class StripMemory {
    let transformed, multiplied: MemoryBlock

    /// - Parameter bytes: As much as the layer with the largest strips needs of either.
    public init(bytes: (transformed: Int, multiplied: Int)) {
        transformed = MemoryBlock(byteCount: bytes.transformed)
        multiplied = MemoryBlock(byteCount: bytes.multiplied)
    }
}
