import Foundation

/// The right to build a store, held by one builder at a time: an advisory lock (`flock`) on `builder.lock` in the
/// store's folder, which the system lets go when its holder dies.
public final class BuilderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, without waiting.
    ///
    /// - Throws: `StoreError.busy` where another holds it; `.missing` or `.readOnly` where it cannot be taken.
    public init(store path: String) throws(StoreError) {
        descriptor = Foundation.open(path + "/builder.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Environment.error(code: errno, path: path, action: "opening builder.lock")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            if code == EWOULDBLOCK { throw .busy(path: path) }
            throw Environment.error(code: code, path: path, action: "locking builder.lock")
        }
    }

    deinit { close(descriptor) }
}
