import CLMDB
import Glibc

/// A relevance database on disk: one LMDB environment, a folder with `data.mdb` and `lock.mdb`.
///
/// `mdb_dump -a` reads it. Every number is little-endian; a text is UTF-8. `C` is the number of swept channels,
/// `c` a layer's part of them, `C_total` all style channels, `d` CLIP's dimension.
///
/// | table      | key                                   | value |
/// |------------|---------------------------------------|-------|
/// | manifest   | `manifest`                            | JSON: what was built from what, and how far |
/// |            | `vocabulary/` name                    | JSON: a word list whose phrases are embedded |
/// |            | `direction/` name                     | JSON: a saved direction |
/// |            | `weights/` device `-` file            | JSON: a file of weights and its fingerprint |
/// | statistics | `mean`, `deviation`                   | float32 `[C_total]`: μ and σ of every style channel |
/// |            | `moments/…`                           | the same, half done: a build's checkpoint |
/// | relevance  | `table`                               | float32 `[C, d]`, row-major: ∆i_c of a complete build |
/// | sums       | layer `/differences/` group           | Int64 `[c, d]` at 2^-40: Σ unit change of E_i over the group's images |
/// |            | layer `/moved/` group                 | Int64 `[c]`: of how many of them it is not zero |
/// |            | layer `/settled`                      | Int64 `[1 + c]`: images judged, and pairs after which a channel was known |
/// | spread     | layer `/factors`                      | Int8 `[c, K, d]`: of K groups of images, factors of standard errors |
/// |            | layer `/steps`                        | float32 `[c, K]`: what one step of them is |
/// | text       | phrase, ensemble                      | float32 `[d]`: the phrase's embedding, unit norm |
/// |            | `beginnings/` ensemble                | Int32 `[2, n]`: token and parent of each node before the phrase |
/// |            | `beginnings/` ensemble `/memory`      | float32 `[layers, n, 2 W]`: their keys and values |
/// | done       | layer `/` first image                 | Int64: how many images from there on are in the sums |
///
/// One process writes at a time; readers neither wait for it nor hold it up, and each sees one whole snapshot.
/// A transaction is on disk when `write` returns, and a program that is killed loses only what was not.
public final class DirectionStore: Sendable {
    /// How much of the address space a store may take: `initial` is mapped at first and doubled when it is full.
    public struct MapSize: Sendable {
        public let initial: Int
        public let maximum: Int

        /// Sizes in bytes, rounded up to whole megabytes.
        public init(initial: Int = 64 << 20, maximum: Int = 1 << 40) {
            let limit = 1 << 46
            func rounded(_ size: Int) -> Int { (min(max(size, 1), limit) + 0xf_ffff) & ~0xf_ffff }
            self.initial = rounded(initial)
            self.maximum = max(rounded(maximum), self.initial)
        }
    }

    /// The store's folder.
    public var path: String { environment.path }

    private let environment: Environment
    private let mapSize: MapSize

    /// Opens a store for reading, on a read-only file system too.
    ///
    /// - Throws: `StoreError.missing`, `.notAStore`, `.corrupted`; the pages that LMDB trusts are checked first.
    public static func open(path: String) throws(StoreError) -> DirectionStore {
        _ = try PageCheck(path: path)
        return DirectionStore(
            try Environment.opened(at: path, writable: false, mapSize: MapSize().initial), mapSize: MapSize())
    }

    /// Opens a store for reading and writing, after making its folder and tables if they are not there.
    ///
    /// - Throws: `StoreError.readOnly`, `.diskFull`, `.notAStore`, `.corrupted`, `.openForReading`.
    public static func openOrCreate(
        path: String, mapSize: MapSize = MapSize()
    ) throws(StoreError) -> DirectionStore {
        try StoreFolder.make(path)
        // An empty file is a creation that was interrupted at its first instruction.
        var status = stat()
        if stat(path + "/data.mdb", &status) == 0, status.st_size > 0 { _ = try PageCheck(path: path) }
        return DirectionStore(
            try Environment.opened(at: path, writable: true, mapSize: mapSize.initial), mapSize: mapSize)
    }

    private init(_ environment: Environment, mapSize: MapSize) {
        self.environment = environment
        self.mapSize = mapSize
    }

    deinit { Environment.close(environment) }

    /// Runs `body` on one snapshot of the store; what it borrows is valid within it only.
    ///
    /// - Throws: `StoreError`, and what `body` throws.
    public func read<Result>(_ body: (borrowing Transaction) throws -> Result) throws -> Result {
        let handle = try environment.begin(writing: false)
        defer { environment.abort(handle) }
        return try body(Transaction(handle: handle, environment: environment))
    }

    /// Runs `body` and makes all its changes durable at once; if it throws, none of them happens.
    ///
    /// `body` runs again after the map has grown, so it must not change anything but the transaction. A `write`
    /// within a `write` would wait for itself.
    ///
    /// - Throws: `StoreError.diskFull`, `.mapFull` beyond the allowed size, `.readOnly`; and what `body` throws.
    public func write<Result>(_ body: (borrowing WriteTransaction) throws -> Result) throws -> Result {
        guard environment.isWritable else { throw StoreError.readOnly(path: path) }
        while true {
            let sizeAtStart = environment.mapSize
            do {
                return try attempt(body)
            } catch StoreError.mapFull {
                try grow(from: sizeAtStart)
            }
        }
    }

    private func attempt<Result>(_ body: (borrowing WriteTransaction) throws -> Result) throws -> Result {
        let handle = try environment.begin(writing: true)
        let result: Result
        do {
            let reading = Transaction(handle: handle, environment: environment)
            result = try body(WriteTransaction(reading: reading))
        } catch {
            environment.abort(handle)
            throw error
        }
        try environment.commit(handle)
        return result
    }

    private func grow(from size: Int) throws(StoreError) {
        guard size < mapSize.maximum else { throw .mapFull(path: path, limit: mapSize.maximum) }
        try environment.resize(to: min(max(size, 1 << 20) * 2, mapSize.maximum))
    }
}
