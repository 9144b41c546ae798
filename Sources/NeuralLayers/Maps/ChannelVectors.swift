/// Numbers of a map's channels, one set a sample, in the vectors in which the map's channels lie: `[rows, blocks]` of 16.
///
/// Belongs to one thread at a time.
public final class ChannelVectors {
    typealias Vector = SIMD16<Float>

    public let rows: Int
    public let channels: Int
    /// Blocks of 16 channels, the padded one included.
    let blocks: Int
    private let block: MemoryBlock

    /// Zeros.
    public init(rows: Int, channels: Int) {
        precondition(rows > 0 && channels > 0)
        self.rows = rows
        self.channels = channels
        blocks = (channels + 15) / 16
        block = MemoryBlock(byteCount: rows * blocks * 64)
    }

    /// A row's numbers; the padding beyond `channels` is to stay zero.
    public func withRow<Result>(_ row: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Result) -> Result {
        precondition(row >= 0 && row < rows)
        let first = row * blocks * 16
        return body(UnsafeMutableBufferPointer(rebasing: block.elements[first..<first + channels]))
    }

    /// Copies a row to another.
    public func copyRow(_ source: Int, to destination: Int) {
        precondition(min(source, destination) >= 0 && max(source, destination) < rows)
        vectors(destination).update(from: vectors(source), count: blocks)
    }

    /// The vectors of a row, `blocks` of them; valid as long as this object.
    func vectors(_ row: Int) -> UnsafeMutablePointer<Vector> {
        precondition(row >= 0 && row < rows)
        return block.pixels + row * blocks
    }
}
