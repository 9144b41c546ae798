import Glibc

/// What tells a file from every other one without reading it, and a changed file from what it was.
public struct FileFacts: Hashable, Sendable, Codable {
    let device: UInt64
    let file: UInt64
    let size: Int64
    /// Nanoseconds since 1970 of the last change of the content, and of the file's entry.
    let modified: Int64
    let changed: Int64

    /// The facts of the file at a path, or nil where none can be had.
    public init?(path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(facts.st_dev)
        file = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        modified = Self.nanoseconds(facts.st_mtim)
        changed = Self.nanoseconds(facts.st_ctim)
    }

    /// Whether the file has stood still for so long that a further change would show in its times.
    public var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Self.nanoseconds(now) - max(modified, changed) > 2_000_000_000
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
