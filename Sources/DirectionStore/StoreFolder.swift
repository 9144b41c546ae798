import CLMDB
import Foundation

/// What is done to a store's folder as a whole, while nobody in this process has the store open.
public enum StoreFolder {
    /// Whether there is something at `path` that may be a store: a folder with a `data.mdb`.
    public static func mayBeStore(at path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/data.mdb")
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
