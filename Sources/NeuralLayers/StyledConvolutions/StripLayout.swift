/// How a batch of maps is cut into strips of whole lines of tiles: all of one height, but for a shorter last one.
public struct StripLayout: Sendable {
    /// Tiles in a line, and lines in a sample.
    let tilesAcross, tilesDown: Int
    /// Lines in a strip, but for the last one.
    let linesPerStrip: Int
    /// Lines in all samples.
    let lines: Int
    private let whole, last: StripMatrices
    /// The memory of a strip before and after its products.
    public let bytes: (transformed: Int, multiplied: Int)

    /// Tiles of 4 × 4 pixels of a map that keeps its size, of 3 × 3 pixels of one that is doubled.
    ///
    /// A strip has so many lines that what goes through the products is as much as their weights, or fits the second-level
    /// cache: about half as many tiles as channels, and 32 at least, which keep the matrix kernels busy.
    public init(
        inputs: Int, outputs: Int, isUp: Bool, batch: Int, height: Int, width: Int
    ) {
        tilesAcross = isUp ? width / 3 + 1 : (width + 3) / 4
        tilesDown = isUp ? height / 3 + 1 : (height + 3) / 4
        lines = batch * tilesDown
        let tiles = max(32, max(inputs, outputs) / 2)
        linesPerStrip = min(lines, max(1, (tiles + tilesAcross / 2) / tilesAcross))
        let sets = isUp ? WinogradUpStrips.sets : WinogradStrips.sets
        let across = tilesAcross
        func matrices(_ lines: Int) -> StripMatrices {
            StripMatrices(
                sets, tiles: lines * across, inputBlocks: (inputs + 15) / 16,
                outputBlocks: (outputs + 15) / 16)
        }
        whole = matrices(linesPerStrip)
        last = matrices((lines - 1) % linesPerStrip + 1)
        bytes = (64 * whole.rows.source, 64 * whole.rows.result)
    }

    /// The lines of the strip that begins with this one.
    func strip(from line: Int) -> Range<Int> { line..<min(line + linesPerStrip, lines) }

    func forEachStrip(_ body: (Range<Int>) -> Void) {
        var first = 0
        while first < lines {
            let strip = strip(from: first)
            body(strip)
            first = strip.upperBound
        }
    }

    /// A line's tiles, as many at a time as keep what is between its two transforms in the first cache.
    func forEachRun(_ body: (Range<Int>) -> Void) {
        var first = 0
        while first < tilesAcross {
            let run = first..<min(first + Self.tilesPerRun, tilesAcross)
            body(run)
            first = run.upperBound
        }
    }

    static let tilesPerRun = 8

    func matrices(of strip: Range<Int>) -> StripMatrices { strip.count == linesPerStrip ? whole : last }
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
