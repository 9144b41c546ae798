import Glibc

/// Where the running program lies, and with it what was built or installed beside it.
public enum ProgramFolder {
    /// The folder of the running program, with symbolic links followed.
    public static var path: String {
        guard let resolved = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
