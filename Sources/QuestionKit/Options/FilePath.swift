import Glibc

/// Parts of a file's path.
enum FilePath {
    /// What stands before the last component: empty for a bare name.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component without the ending after its last dot.
    static func stem(_ path: String) -> String {
        guard let name = path.split(separator: "/").last else { return path }
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return String(name) }
        return String(name[..<dot])
    }

    /// The user's home as the system knows it, for a process without `$HOME`.
    static var home: String {
        guard let entry = getpwuid(getuid()), let folder = entry.pointee.pw_dir else { return "/" }
        return String(cString: folder)
    }
}
