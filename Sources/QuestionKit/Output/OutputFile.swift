import Glibc

/// Where a command writes its file.
public enum OutputFile {
    /// Throws where a file cannot come to be at a path, before the work that would be lost.
    /// - Throws: `OptionError`.
    public static func require(_ path: String) throws(OptionError) {
        guard !path.isEmpty else { throw OptionError("--output is empty; it names a file") }
        var facts = stat()
        if stat(path, &facts) == 0 {
            switch facts.st_mode & S_IFMT {
            case S_IFREG: return
            case S_IFDIR:
                throw OptionError("\(path) is a folder; name a file in it", exitStatus: .cannotCreate)
            default:
                throw OptionError(
                    "\(path) is a pipe or device; name a regular file", exitStatus: .cannotCreate)
            }
        }
        let folder = FilePath.folder(of: path)
        guard stat(folder.isEmpty ? "." : folder, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
            throw OptionError("there is no folder \(folder) to write into", exitStatus: .cannotCreate)
        }
    }

    /// A file's name for a phrase: its letters and digits, the rest as dashes.
    ///
    /// A phrase names no folder, no hidden file, and nothing that a shell would take for something else.
    public static func name(for phrase: String, ending: String) -> String {
        let words = phrase.lowercased().split { !($0.isLetter || $0.isNumber) }
        let name = words.joined(separator: "-").prefix(60)
        return (name.isEmpty ? "direction" : String(name)) + "." + ending
    }
}
