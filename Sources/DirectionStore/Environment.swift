import CLMDB
import Glibc
import Synchronization

/// An open LMDB environment: the one door to LMDB's handles.
///
/// Invariants that make the raw handles safe, and `@unchecked Sendable` true:
/// - `handle` is opened in `init` and closed in `deinit`; a transaction keeps the environment alive.
/// - `tables` is filled in `init` and constant afterwards; table handles live as long as the environment.
/// - LMDB's environment may be shared by threads, except that the map may be resized only while this process
///   holds no transaction: every transaction holds `gate` shared, and `resize` holds it alone.
/// - LMDB must not open one environment twice in a process (closing one would drop the other's file locks), so
///   `opened(at:)` hands the same object to all.
final class Environment: @unchecked Sendable {
    let path: String
    let isWritable: Bool
    let handle: OpaquePointer
    private(set) var tables: [Table: MDB_dbi] = [:]
    private let gate: UnsafeMutablePointer<pthread_rwlock_t>
    private let identity: FileIdentity
    private var isOpen = true

    private struct FileIdentity: Hashable {
        let device: UInt64
        let file: UInt64
    }

    private struct Entry {
        let environment: Environment
        var users: Int
    }

    private static let registry = Mutex<[FileIdentity: Entry]>([:])

    /// The environment in the folder `path`, this process's own if it has it open already; to be given back with
    /// `close`.
    static func opened(at path: String, writable: Bool, mapSize: Int) throws(StoreError) -> Environment {
        // Held for the whole opening, so that two threads cannot open the same environment side by side.
        try registry.withLock { (entries) throws(StoreError) -> Environment in
            if let identity = identity(of: path + "/data.mdb"), let entry = entries[identity] {
                guard entry.environment.isWritable || !writable else { throw .openForReading(path: path) }
                entries[identity]?.users += 1
                return entry.environment
            }
            let environment = try Environment(path: path, writable: writable, mapSize: mapSize)
            entries[environment.identity] = Entry(environment: environment, users: 1)
            return environment
        }
    }

    /// Gives back what `opened` gave; the last one closes it.
    static func close(_ environment: Environment) {
        registry.withLock { entries in
            guard let entry = entries[environment.identity] else { return }
            guard entry.users == 1 else {
                entries[environment.identity]?.users -= 1
                return
            }
            // Closed under the lock: who opens next must find LMDB's file locks gone.
            environment.closeHandle()
            entries[environment.identity] = nil
        }
    }

    private static func identity(of file: String) -> FileIdentity? {
        var status = stat()
        guard stat(file, &status) == 0 else { return nil }
        return FileIdentity(device: UInt64(status.st_dev), file: UInt64(status.st_ino))
    }

    private init(path: String, writable: Bool, mapSize: Int) throws(StoreError) {
        self.path = path
        isWritable = writable
        handle = try Self.openedHandle(path: path, writable: writable, mapSize: mapSize)
        guard let identity = Self.identity(of: path + "/data.mdb") else {
            mdb_env_close(handle)
            throw StoreFolder.missing(at: path)
        }
        self.identity = identity
        gate = .allocate(capacity: 1)
        pthread_rwlock_init(gate, nil)
        // From here on `deinit` closes what was opened.
        try checkPages()
        tables = try openTables()
    }

    deinit {
        closeHandle()
        pthread_rwlock_destroy(gate)
        gate.deallocate()
    }

    /// Called by the registry at the last user's end, and by `deinit` after an opening that failed: never by two
    /// threads at a time.
    private func closeHandle() {
        if isOpen { mdb_env_close(handle) }
        isOpen = false
    }

    /// Opens LMDB's handle: with its lock file, or without one where a reader may not write it.
    private static func openedHandle(
        path: String, writable: Bool, mapSize: Int
    ) throws(StoreError) -> OpaquePointer {
        // NOTLS: a reader's slot belongs to its transaction, so that a thread may hold several.
        let flags = UInt32(MDB_NOTLS) | (writable ? 0 : UInt32(MDB_RDONLY))
        do {
            return try openedHandle(path: path, flags: flags, mapSize: mapSize)
        } catch .readOnly where !writable {
            return try openedHandle(path: path, flags: flags | UInt32(MDB_NOLOCK), mapSize: mapSize)
        }
    }

    private static func openedHandle(
        path: String, flags: UInt32, mapSize: Int
    ) throws(StoreError) -> OpaquePointer {
        var created: OpaquePointer?
        try check(mdb_env_create(&created), path: path, action: "opening")
        guard let handle = created else {
            throw .system(path: path, action: "opening", message: "LMDB gave no environment")
        }
        do throws(StoreError) {
            try check(
                mdb_env_set_maxdbs(handle, MDB_dbi(Table.allCases.count)), path: path, action: "opening")
            try check(mdb_env_set_maxreaders(handle, 254), path: path, action: "opening")
            try check(mdb_env_set_mapsize(handle, mapSize), path: path, action: "opening")
            try check(mdb_env_open(handle, path, flags, 0o644), path: path, action: "opening")
            // Slots of readers that were killed would pin old pages for ever.
            var dead: Int32 = 0
            mdb_reader_check(handle, &dead)
        } catch {
            mdb_env_close(handle)
            throw error
        }
        return handle
    }

    /// Looks at every page that LMDB will trust, in a snapshot that a reader's transaction holds still.
    private func checkPages() throws(StoreError) {
        let attempts = 8
        for attempt in 1...attempts {
            let transaction = try begin(writing: false)
            defer { abort(transaction) }
            do throws(StoreError) {
                if try PageCheck(path: path).check(
                    snapshot: UInt64(bitPattern: Int64(mdb_txn_id(transaction))))
                {
                    return
                }
            } catch {
                // Without a lock file a writer may reuse pages under the check: look again before blaming the disk.
                if attempt == attempts { throw error }
            }
        }
        throw .system(
            path: path, action: "opening", message: "it changes faster than it can be read; try again")
    }

    /// Opens every table; makes them first where none is there and the environment may be written.
    private func openTables() throws(StoreError) -> [Table: MDB_dbi] {
        do throws(StoreError) {
            return try openTables(creating: false)
        } catch .notAStore where isWritable {
            return try openTables(creating: true)
        }
    }

    private func openTables(creating: Bool) throws(StoreError) -> [Table: MDB_dbi] {
        let transaction = try begin(writing: creating)
        var tables: [Table: MDB_dbi] = [:]
        do throws(StoreError) {
            if creating { try refuseForeign(transaction) }
            for table in Table.allCases {
                var handle: MDB_dbi = 0
                let code = mdb_dbi_open(
                    transaction, table.rawValue, creating ? UInt32(MDB_CREATE) : 0, &handle)
                if code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE {
                    throw .notAStore(path: path, reason: "it has no table '\(table.rawValue)'")
                }
                try check(code, "opening table \(table.rawValue)")
                tables[table] = handle
            }
        } catch {
            abort(transaction)
            throw error
        }
        try commit(transaction)
        return tables
    }

    /// Another program's LMDB environment must not gain our tables.
    private func refuseForeign(_ transaction: OpaquePointer) throws(StoreError) {
        var main: MDB_dbi = 0
        var statistics = MDB_stat()
        try check(mdb_dbi_open(transaction, nil, 0, &main), "opening")
        try check(mdb_stat(transaction, main, &statistics), "opening")
        guard statistics.ms_entries > 0 else { return }
        var manifest: MDB_dbi = 0
        guard mdb_dbi_open(transaction, Table.manifest.rawValue, 0, &manifest) == MDB_SUCCESS else {
            throw .notAStore(path: path, reason: "it is an LMDB environment with other tables")
        }
    }

    // MARK: Transactions

    /// The handle of a table: opened for all tables before anyone can ask.
    func table(_ table: Table) -> MDB_dbi { tables[table, default: 0] }

    /// Begins a transaction; `commit` or `abort` ends it, on the same thread.
    func begin(writing: Bool) throws(StoreError) -> OpaquePointer {
        var transaction: OpaquePointer?
        while true {
            pthread_rwlock_rdlock(gate)
            let code = mdb_txn_begin(handle, nil, writing ? 0 : UInt32(MDB_RDONLY), &transaction)
            if code == MDB_SUCCESS, let transaction { return transaction }
            pthread_rwlock_unlock(gate)
            guard code == MDB_MAP_RESIZED else {
                throw Self.error(code: code, path: path, action: "beginning a transaction")
            }
            // Another process has grown the file beyond our map; 0 means: as large as the file says.
            try resize(to: 0)
        }
    }

    func abort(_ transaction: OpaquePointer) {
        mdb_txn_abort(transaction)
        pthread_rwlock_unlock(gate)
    }

    /// Ends the transaction and makes its writes durable; where that fails, they are all undone.
    func commit(_ transaction: OpaquePointer) throws(StoreError) {
        let code = mdb_txn_commit(transaction)
        pthread_rwlock_unlock(gate)
        if code != MDB_SUCCESS { throw Self.error(code: code, path: path, action: "writing") }
    }

    /// The size of the map in bytes, which the file cannot exceed.
    var mapSize: Int {
        var information = MDB_envinfo()
        mdb_env_info(handle, &information)
        return information.me_mapsize
    }

    /// Changes the map's size, after all of this process's transactions have ended.
    func resize(to size: Int) throws(StoreError) {
        pthread_rwlock_wrlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        try check(mdb_env_set_mapsize(handle, size), "growing the map")
    }

    // MARK: Errors

    func check(_ code: Int32, _ action: @autoclosure () -> String) throws(StoreError) {
        try Self.check(code, path: path, action: action())
    }

    private static func check(
        _ code: Int32, path: String, action: @autoclosure () -> String
    ) throws(StoreError) {
        if code != MDB_SUCCESS { throw error(code: code, path: path, action: action()) }
    }

    /// Less than this is what a write has no room in.
    private static let room: UInt = 1 << 20

    private static func isFull(_ path: String) -> Bool {
        var system = statvfs()
        guard statvfs(path, &system) == 0 else { return false }
        return system.f_bavail * system.f_frsize < room
    }

    private static func isAtFileLimit(_ path: String) -> Bool {
        var (limit, file) = (rlimit(), stat())
        guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
            stat(path + "/data.mdb", &file) == 0
        else {
            return false
        }
        return limit.rlim_cur < UInt(file.st_size) + room
    }

    /// What a code of LMDB or of the system means for the store at `path`.
    static func error(code: Int32, path: String, action: String) -> StoreError {
        let message = String(cString: mdb_strerror(code))
        switch code {
        case ENOENT, ENOTDIR: return StoreFolder.missing(at: path)
        case EROFS, EACCES, EPERM: return .readOnly(path: path)
        case ENOSPC, EDQUOT: return .diskFull(path: path)
        case EFBIG: return .fileLimit(path: path)
        // What LMDB makes of a write that came to an end before its last byte.
        case EIO where isAtFileLimit(path): return .fileLimit(path: path)
        case EIO where isFull(path): return .diskFull(path: path)
        case MDB_MAP_FULL: return .mapFull(path: path, limit: 0)
        case MDB_INVALID: return .notAStore(path: path, reason: "data.mdb is not an LMDB file")
        case MDB_VERSION_MISMATCH: return .notAStore(path: path, reason: "data.mdb is of another LMDB format")
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_CURSOR_FULL:
            return .corrupted(path: path, reason: "LMDB says '\(message)' while \(action)")
        default: return .system(path: path, action: action, message: message)
        }
    }
}
