/// Memory that layers need only while they run, shared by the layers of one thread, which run one after another: as large
/// as the neediest has asked for.
public final class Scratchpad {
    private(set) var block = MemoryBlock(byteCount: 0)

    public init() {}

    /// Makes room for a layer that is about to run.
    func reserve(byteCount: Int) {
        if byteCount > block.elements.count * 4 { block = MemoryBlock(byteCount: byteCount) }
    }
}
