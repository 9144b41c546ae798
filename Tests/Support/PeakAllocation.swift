import CAllocations

/// The most memory that the calling thread held at a time while `body` ran, beyond what it held before, in bytes.
///
/// What other threads allocate, and what is mapped, does not count.
public func peakAllocation<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Int {
    allocations_begin()
    try body()
    return Int(clamping: allocations_peak())
}
