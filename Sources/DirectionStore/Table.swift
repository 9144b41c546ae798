/// The tables of a store, each an LMDB database named as its case; `DirectionStore.swift` shows what they hold.
public enum Table: String, CaseIterable, Sendable {
    case manifest
    case statistics
    case relevance
    case sums
    case spread
    case text
    case done

    /// The longest key that LMDB takes, in bytes of UTF-8.
    public static let longestKey = 511
}
