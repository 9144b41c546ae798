import FoundationEssentials
import Glibc

/// The right to build a store, held by one builder at a time: an advisory lock (`flock`) on `builder.lock` in the
/// store's folder, which the system lets go when its holder dies. The file says who the holder is.
public final class BuilderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, without waiting.
    ///
    /// - Throws: `StoreError.busy` where another holds it; `.missing` or `.readOnly` where it cannot be taken.
    public convenience init(store path: String) throws(StoreError) {
        try self.init(store: path, opened: {})
    }

    /// - Parameter opened: Called between opening and locking, for tests of what may happen there.
    init(store path: String, opened: () -> Void) throws(StoreError) {
        descriptor = try Self.locked(store: path, opened: opened)
        sign()
    }

    private static func locked(store path: String, opened: () -> Void) throws(StoreError) -> Int32 {
        while true {
            let descriptor = Glibc.open(path + "/builder.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw Environment.error(code: errno, path: path, action: "opening builder.lock")
            }
            opened()
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let code = errno
                let holder = holder(in: descriptor)
                close(descriptor)
                if code == EWOULDBLOCK { throw .busy(path: path, holder: holder) }
                throw Environment.error(code: code, path: path, action: "locking builder.lock")
            }
            // A restart may have put another folder in this one's place meanwhile: that one's lock counts.
            if isFile(descriptor, at: path + "/builder.lock") { return descriptor }
            close(descriptor)
        }
    }

    deinit { close(descriptor) }

    private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var (opened, there) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && stat(path, &there) == 0 && opened.st_dev == there.st_dev
            && opened.st_ino == there.st_ino
    }

    /// Leaves word of the holder for whoever finds the lock taken; where the disk is full, none is left.
    private func sign() {
        // POSIX bounds a host's name at 255 bytes; the last one stays zero.
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let text = "process \(getpid()) on \(host), since \(Date.now.ISO8601Format())\n"
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    /// The first line of the file, or nil where there is none that can be shown.
    private static func holder(in descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 200)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let line = String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return line.isEmpty ? nil : line
    }
}
