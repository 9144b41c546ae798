import Glibc

/// A file that appears at its place whole, or not at all.
///
/// It is written under another name in the same folder, flushed to the disk, and renamed; then the folder is flushed.
/// What stood at the path before stays until that moment, and stays for good where anything fails.
public struct WholeFile: ~Copyable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private var isPlaced = false

    /// Writes a file of these bytes.
    /// - Throws: `CheckpointError.uncreatable` where the system makes no file there, `.unwritable` where writing
    ///   fails; `.directory` and `.special` where something other than a file stands at the path.
    public static func write(path: String, contents: some Sequence<UInt8>) throws(CheckpointError) {
        let bytes = ContiguousArray(contents)
        try write(path: path) { file throws(CheckpointError) in
            try bytes.span.bytes.withUnsafeBytes { buffer throws(CheckpointError) in try file.append(buffer) }
        }
    }

    /// Writes a file of what `body` appends; where it throws, nothing changes.
    public static func write(
        path: String, _ body: (inout WholeFile) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        var file = try WholeFile(path: path)
        try body(&file)
        try file.place()
    }

    private init(path: String) throws(CheckpointError) {
        var facts = stat()
        let isThere = stat(path, &facts) == 0
        if isThere {
            switch facts.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw .directory(path: path)
            default: throw .special(path: path)
            }
        }
        let destination = try Self.followed(path)
        let (folder, name) = Self.split(destination)
        let unique = UInt64.random(in: .min ... .max)
        let temporary = folder + "." + name + "." + String(unique, radix: 36) + ".partial"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .uncreatable(path: path, reason: systemMessage(errno)) }
        // Whom the owner of a file lets read it does not change with its content.
        if isThere, fchmod(descriptor, facts.st_mode & 0o777) != 0 {
            let reason = systemMessage(errno)
            close(descriptor)
            unlink(temporary)
            throw .uncreatable(path: path, reason: reason)
        }
        self.path = destination
        self.temporary = temporary
        self.descriptor = descriptor
    }

    /// Writes bytes after those written already.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(
                descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            guard written >= 0 || errno == EINTR else { throw failure() }
            rest = rest.dropFirst(max(written, 0))
        }
    }

    /// Writes bytes after those written already.
    public mutating func append(_ bytes: [UInt8]) throws(CheckpointError) {
        try bytes.span.bytes.withUnsafeBytes { buffer throws(CheckpointError) in try append(buffer) }
    }

    private mutating func place() throws(CheckpointError) {
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure() }
        isPlaced = true
        // Some file systems cannot flush a folder; the file itself is safe on the disk by now.
        let folder = open(Self.split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private func failure() -> CheckpointError { .unwritable(path: path, reason: systemMessage(errno)) }

    /// Where symbolic links at a path lead, be there a file or not: a link stays one, and what it names is what changes.
    private static func followed(_ path: String) throws(CheckpointError) -> String {
        var place = path
        // As many as the kernel follows.
        for _ in 0..<40 {
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(place, &target, target.count)
            guard count > 0 else { return place }
            let name = String(decoding: target[..<count], as: UTF8.self)
            place = name.hasPrefix("/") ? name : split(place).folder + name
        }
        throw .uncreatable(path: path, reason: systemMessage(ELOOP))
    }

    /// The folder with its last slash ("./" where none is named), and the name in it.
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("./", path) }
        let start = path.index(after: slash)
        return (String(path[..<start]), String(path[start...]))
    }

    deinit {
        close(descriptor)
        if !isPlaced { unlink(temporary) }
    }
}
