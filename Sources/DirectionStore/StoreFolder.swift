import CLMDB
import Glibc

/// What is done to a store's folder as a whole, while nobody in this process has the store open.
public enum StoreFolder {
    /// Whether there is something at `path` that may be a store: a folder with a `data.mdb`.
    public static func mayBeStore(at path: String) -> Bool {
        access(path + "/data.mdb", F_OK) == 0
    }

    /// What is wrong with a path where there is no store: nothing is there, or something else, which is named.
    static func missing(at path: String) -> StoreError {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return .missing(path: path) }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            return .notAStore(path: path, reason: "it is a file, a store is a folder")
        }
        guard let folder = opendir(path) else { return .missing(path: path) }
        defer { closedir(folder) }
        var stores: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), mayBeStore(at: path + "/" + name) { stores.append(name) }
        }
        guard !stores.isEmpty else { return .missing(path: path) }
        return .notAStore(
            path: path, reason: "it is a folder of them: \(stores.sorted().prefix(5).joined(separator: ", "))"
        )
    }

    /// Makes a folder, and those above it that are not there.
    static func make(_ path: String) throws(StoreError) {
        if mkdir(path, 0o777) == 0 { return }
        switch errno {
        case EEXIST:
            var facts = stat()
            guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
                throw .notAStore(path: path, reason: "it is a file where a folder is needed")
            }
        case ENOENT:
            let named = path.lastIndex { $0 != "/" } ?? path.startIndex
            guard let slash = path[..<named].lastIndex(of: "/"), slash > path.startIndex else {
                throw .missing(path: path)
            }
            try make(String(path[..<slash]))
            if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
            // A file system where nobody makes folders, as /proc, says that there is none.
            if errno == ENOENT { throw .readOnly(path: path) }
            throw Environment.error(code: errno, path: path, action: "making the folder")
        case ENOTDIR: throw .notAStore(path: path, reason: "it is a file where a folder is needed")
        case let code: throw Environment.error(code: code, path: path, action: "making the folder")
        }
    }

    /// Lets two folders change names in one step: nobody ever sees one of the names missing.
    public static func exchange(_ first: String, _ second: String) throws(StoreError) {
        let exchange: UInt32 = 2
        guard renameat2(AT_FDCWD, first, AT_FDCWD, second, exchange) == 0 else {
            throw Environment.error(code: errno, path: second, action: "exchanging it with \(first)")
        }
    }

    /// Removes a store's own files and, if nothing else is in it, its folder.
    public static func remove(_ path: String) throws(StoreError) {
        for name in ["data.mdb", "lock.mdb", "builder.lock"]
        where unlink(path + "/" + name) != 0 && errno != ENOENT {
            throw Environment.error(code: errno, path: path, action: "removing \(name)")
        }
        rmdir(path)
    }
}
