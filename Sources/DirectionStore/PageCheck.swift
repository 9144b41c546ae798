import Glibc

/// A look at every page of an LMDB 0.9 file that LMDB will trust, before LMDB does.
///
/// LMDB follows page numbers, offsets and sizes as it finds them, and damage there would be a wild read. The check
/// walks the trees of one snapshot (branch and leaf pages in full, of overflow pages the head) and the list of free
/// pages. It does not look into values, which have no checksum in LMDB: whoever decodes one checks its size.
///
/// | at | page head | | at | meta, after the head |
/// |----|-----------|-|----|----------------------|
/// | 0  | page number, 8 bytes | | 0 | magic, 4; version, 4; address, 8; map size, 8 |
/// | 10 | flags, 2 | | 24 | tree of free pages, 48: page size, 4; flags, 2; depth, 2; four counts, 32; root, 8 |
/// | 12 | lower, upper, 2 each; or the number of overflow pages, 4 | | 72 | tree of tables, 48 |
/// | 16 | offsets of nodes, 2 each | | 120 | last page, 8; transaction, 8 |
struct PageCheck {
    private let path: String
    private let file: File
    private let metas: [Meta]

    private struct Tree {
        let flags: UInt16
        let depth: UInt16
        let root: UInt64

        init(_ page: Page, at offset: Int) {
            flags = page.integer(at: offset + 4)
            depth = page.integer(at: offset + 6)
            root = page.integer(at: offset + 40)
        }
    }

    private struct Meta {
        let pageSize: Int
        let mapSize: UInt64
        let free: Tree
        let tables: Tree
        let lastPage: UInt64
        let transaction: UInt64
    }

    private enum Kind: UInt16 {
        case branch = 0x01
        case leaf = 0x02
        case overflow = 0x04
        case meta = 0x08
    }

    private enum NodeFlag {
        static let overflow: UInt16 = 0x01
        static let table: UInt16 = 0x02
    }

    private static let headSize = 16
    private static let nodeHeadSize = 8
    private static let noPage = UInt64.max
    private static let deepest = 32
    private static let integerKeys: UInt16 = 0x08

    /// Reads the two meta pages of `data.mdb` in the store's folder.
    ///
    /// - Throws: `StoreError.missing`, `.readOnly`, or `.notAStore` where the metas are not LMDB's.
    init(path: String) throws(StoreError) {
        self.path = path
        file = try File(store: path)
        let first = try Self.meta(of: file, at: 0, length: 4096)
        let second = try Self.meta(of: file, at: first.pageSize, length: first.pageSize)
        guard second.pageSize == first.pageSize else {
            throw .corrupted(path: path, reason: "its two heads disagree about the size of a page")
        }
        metas = [first, second]
    }

    private static func meta(of file: File, at offset: Int, length: Int) throws(StoreError) -> Meta {
        let page = try file.page(at: UInt64(offset), length: length)
        guard page.kind == Kind.meta.rawValue, page.integer(at: 16) as UInt32 == 0xbeef_c0de,
            page.integer(at: 20) as UInt32 == 1
        else { throw .notAStore(path: file.store, reason: "data.mdb is not an LMDB file") }
        let pageSize = Int(page.integer(at: 40) as UInt32)
        let meta = Meta(
            pageSize: pageSize, mapSize: page.integer(at: 32), free: Tree(page, at: 40),
            tables: Tree(page, at: 88),
            lastPage: page.integer(at: 136), transaction: page.integer(at: 144))
        // 47 bits are what a process can map; LMDB multiplies these numbers unchecked.
        guard (512...65_536).contains(pageSize), pageSize & (pageSize - 1) == 0, meta.mapSize < 1 << 47,
            meta.lastPage < max(meta.mapSize / UInt64(pageSize), 2),
            meta.transaction < 1 << 62, meta.free.flags == integerKeys, meta.tables.flags == 0,
            // A transaction's head is in the place of its parity, but for those of a new file.
            meta.transaction <= 1 || meta.transaction & 1 == (offset == 0 ? 0 : 1)
        else { throw .corrupted(path: file.store, reason: "a head of data.mdb holds impossible numbers") }
        return meta
    }

    /// Walks the snapshot of a transaction that is open, so that no writer reuses its pages.
    ///
    /// - Returns: false where the snapshot's head has been overwritten already: ask again with a newer transaction.
    /// - Throws: `StoreError.corrupted`, which names the page.
    func check(snapshot transaction: UInt64) throws(StoreError) -> Bool {
        // The one that LMDB takes: the other may call itself by the same number.
        let meta = metas[Int(transaction & 1)]
        guard meta.transaction == transaction else { return false }
        var visited = PageSet(pages: file.size / UInt64(meta.pageSize))
        try walk(meta.tables, of: meta, holdsTables: true, visited: &visited)
        let used = visited
        try walk(meta.free, of: meta, visited: &visited) { (key, value) throws(StoreError) in
            try checkFree(key: key, value: value, meta: meta, used: used)
        }
        return true
    }

    // MARK: Trees

    private func walk(
        _ tree: Tree, of meta: Meta, holdsTables: Bool = false, visited: inout PageSet,
        value inspect: (((key: Int, value: [UInt8])) throws(StoreError) -> Void)? = nil
    ) throws(StoreError) {
        guard tree.root != Self.noPage else { return }
        guard tree.depth >= 1, tree.depth < Self.deepest else {
            throw damaged("a tree is \(tree.depth) pages deep")
        }
        var waiting = [(page: tree.root, depth: 1)]
        while let (number, depth) = waiting.popLast() {
            // Read first: that it is a page of the file, as the set wants it, is found out there.
            let page = try self.page(number, of: meta)
            guard visited.insert(number) else { throw damaged("page \(number) is in two places") }
            let isLeaf = depth == Int(tree.depth)
            guard page.kind == (isLeaf ? Kind.leaf : Kind.branch).rawValue else {
                throw damaged("page \(number) is of another kind than its place")
            }
            let nodes = try nodes(of: page, number: number)
            guard nodes.count >= (isLeaf ? 1 : 2) else { throw damaged("page \(number) is empty") }
            for node in nodes {
                let low: UInt16 = page.integer(at: node.lowerBound)
                let high: UInt16 = page.integer(at: node.lowerBound + 2)
                let flags: UInt16 = page.integer(at: node.lowerBound + 4)
                guard isLeaf else {
                    waiting.append((UInt64(low) | UInt64(high) << 16 | UInt64(flags) << 32, depth + 1))
                    continue
                }
                let keySize = Int(page.integer(at: node.lowerBound + 6) as UInt16)
                let start = node.lowerBound + Self.nodeHeadSize + keySize
                let size = Int(low) | Int(high) << 16
                if flags == NodeFlag.overflow {
                    let first: UInt64 = page.integer(at: start)
                    try checkOverflow(first, size: size, of: meta, visited: &visited)
                    if let inspect { try inspect((keySize, try bytes(at: first, size: size, of: meta))) }
                } else if flags == NodeFlag.table, holdsTables {
                    guard size == 48 else { throw damaged("page \(number) names a table of \(size) bytes") }
                    let table = Tree(page, at: start)
                    guard table.flags == 0 else {
                        throw .notAStore(
                            path: path, reason: "a table has flags \(table.flags) where ours have none")
                    }
                    try walk(table, of: meta, visited: &visited)
                } else if flags == 0, !holdsTables {
                    if let inspect { try inspect((keySize, page.bytes(start, count: size))) }
                } else {
                    throw .notAStore(path: path, reason: "page \(number) has an entry that is none of ours")
                }
            }
        }
    }

    /// The ranges of a page's nodes, each within the page and apart from the others.
    private func nodes(of page: Page, number: UInt64) throws(StoreError) -> [Range<Int>] {
        let lower = Int(page.integer(at: 12) as UInt16)
        let upper = Int(page.integer(at: 14) as UInt16)
        guard lower >= Self.headSize, lower % 2 == 0, upper >= lower, upper <= page.size else {
            throw damaged("page \(number) overfills")
        }
        var nodes: [Range<Int>] = []
        for offset in stride(from: Self.headSize, to: lower, by: 2) {
            let start = Int(page.integer(at: offset) as UInt16)
            guard start >= upper, start % 2 == 0, start + Self.nodeHeadSize <= page.size else {
                throw damaged("page \(number) has a node outside itself")
            }
            var end = start + Self.nodeHeadSize + Int(page.integer(at: start + 6) as UInt16)
            if page.kind == Kind.leaf.rawValue {
                let size =
                    Int(page.integer(at: start) as UInt16) | Int(page.integer(at: start + 2) as UInt16) << 16
                let flags: UInt16 = page.integer(at: start + 4)
                end += flags & NodeFlag.overflow != 0 ? 8 : size
            }
            guard end <= page.size else { throw damaged("page \(number) has a node that leaves it") }
            nodes.append(start..<end)
        }
        let ordered = nodes.sorted { $0.lowerBound < $1.lowerBound }
        for (left, right) in zip(ordered, ordered.dropFirst()) where left.upperBound > right.lowerBound {
            throw damaged("page \(number) has nodes on top of one another")
        }
        return nodes
    }

    private func checkOverflow(
        _ first: UInt64, size: Int, of meta: Meta, visited: inout PageSet
    ) throws(StoreError) {
        let head = try page(first, of: meta, length: Self.headSize)
        let count = UInt64(head.integer(at: 12) as UInt32)
        let needed = UInt64((Self.headSize + size + meta.pageSize - 1) / meta.pageSize)
        // A value that has become shorter within one transaction keeps the pages that it had.
        guard head.kind == Kind.overflow.rawValue, count >= needed, first <= meta.lastPage,
            count <= meta.lastPage - first + 1, (first + count) * UInt64(meta.pageSize) <= file.size
        else { throw damaged("page \(first) does not hold its \(size) bytes") }
        for number in first..<first + count where !visited.insert(number) {
            throw damaged("page \(number) is in two places")
        }
    }

    /// A list of free pages: their number, then that many page numbers, from high to low.
    private func checkFree(key: Int, value: [UInt8], meta: Meta, used: PageSet) throws(StoreError) {
        let numbers = value.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
            }
        }
        guard key == 8, let count = numbers.first, count < UInt64(numbers.count) else {
            throw damaged("a list of free pages is longer than its place")
        }
        var above = meta.lastPage + 1
        for number in numbers[1...Int(count)] {
            guard number < above, number >= 2, !used.contains(number) else {
                throw damaged("page \(number) is called free and is not")
            }
            above = number
        }
    }

    // MARK: Pages

    private func page(_ number: UInt64, of meta: Meta, length: Int? = nil) throws(StoreError) -> Page {
        guard number >= 2, number <= meta.lastPage else { throw damaged("there is no page \(number)") }
        let page = try file.page(at: number * UInt64(meta.pageSize), length: length ?? meta.pageSize)
        guard page.integer(at: 0) as UInt64 == number else {
            throw damaged("page \(number) has another's head")
        }
        return page
    }

    /// The value in overflow pages that `checkOverflow` has found within the file.
    private func bytes(at first: UInt64, size: Int, of meta: Meta) throws(StoreError) -> [UInt8] {
        let offset = first * UInt64(meta.pageSize) + UInt64(Self.headSize)
        return try file.page(at: offset, length: size).content
    }

    private func damaged(_ reason: String) -> StoreError { .corrupted(path: path, reason: reason) }

    /// The open `data.mdb`: read and not mapped, so that a file which shrinks meanwhile is an error and no fault.
    private final class File {
        let store: String
        let size: UInt64
        private let descriptor: Int32

        init(store path: String) throws(StoreError) {
            store = path
            descriptor = Glibc.open(path + "/data.mdb", O_RDONLY | O_CLOEXEC)
            var status = stat()
            guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
                throw Environment.error(code: errno, path: path, action: "opening data.mdb")
            }
            size = UInt64(max(status.st_size, 0))
        }

        deinit {
            if descriptor >= 0 { close(descriptor) }
        }

        func page(at offset: UInt64, length: Int) throws(StoreError) -> Page {
            guard offset <= size, UInt64(length) <= size - offset else {
                throw .corrupted(path: store, reason: "data.mdb ends at \(size), where it is not complete")
            }
            var result = 0
            let content = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
                result = pread(descriptor, buffer.baseAddress, length, off_t(offset))
                count = max(result, 0)
            }
            guard result == length else {
                throw .corrupted(path: store, reason: "data.mdb cannot be read at \(offset)")
            }
            return Page(content: content)
        }
    }

    /// Some bytes of the file, from the start of a page on.
    private struct Page {
        let content: [UInt8]

        var size: Int { content.count }

        var kind: UInt16 { integer(at: 10) }

        /// A little-endian integer; every caller has checked that the offset is within the page.
        func integer<Integer: FixedWidthInteger>(at offset: Int) -> Integer {
            content.withUnsafeBytes {
                precondition(offset >= 0 && offset + MemoryLayout<Integer>.size <= $0.count)
                return Integer(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Integer.self))
            }
        }

        func bytes(_ start: Int, count: Int) -> [UInt8] { Array(content[start..<start + count]) }
    }
}
