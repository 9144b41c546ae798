import Glibc

/// A regular file mapped into memory, read only; it stays mapped until its last owner goes.
///
/// The file must not shrink while it is mapped: the kernel ends a process that touches a page which is gone.
///
/// `Sendable` holds because nothing here changes after `init`: the pages are mapped without write access, and
/// they are unmapped by `deinit` alone.
public final class MappedFile: @unchecked Sendable {
    public let path: String

    /// The whole file. Valid as long as this object.
    let pages: UnsafeRawBufferPointer

    /// The number of bytes in the file; never 0.
    public var count: Int { pages.count }

    /// - Throws: `CheckpointError` that tells apart: no such file, a folder, a pipe or device, nothing in the file,
    ///   no leave to read it.
    public init(path: String) throws(CheckpointError) {
        // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { throw .missing(path: path) }
            throw code == ENXIO ? .special(path: path) : .unreadable(path: path, reason: systemMessage(code))
        }
        defer { close(descriptor) }

        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw .unreadable(path: path, reason: systemMessage(errno))
        }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .directory(path: path)
        default: throw .special(path: path)
        }
        guard facts.st_size > 0 else { throw .empty(path: path) }

        let size = Int(facts.st_size)
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw .unreadable(path: path, reason: systemMessage(errno))
        }
        self.path = path
        pages = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// Reads the file in place; the pointer is valid within `body` only.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(pages)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: pages.baseAddress), pages.count) }
}

/// What the system calls an `errno`.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
