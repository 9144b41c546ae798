/// Memory that layers need only while they run, shared by the layers of one thread, which run one after another.
///
/// Of the size of the neediest: Winograd's transforms alone take 150 MiB for some layers of a 1024 × 1024 generator.
public final class Scratchpad {
    private(set) var block = MemoryBlock(byteCount: 0)

    public init() {}

    /// Makes room for a layer that is being made.
    func reserve(byteCount: Int) {
        if byteCount > block.elements.count * 4 { block = MemoryBlock(byteCount: byteCount) }
    }
}
