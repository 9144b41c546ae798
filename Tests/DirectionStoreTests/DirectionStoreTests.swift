import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DirectionStore

@Suite struct DirectionStoreTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("animal-faces")
    }

    @Test func whatIsWrittenIsReadByTheNextOpening() throws {
        try writeSample(at: path)
        let store = try DirectionStore.open(path: path)
        try store.read { (transaction: borrowing Transaction) throws in
            #expect(try transaction.bytes(of: "manifest", in: .manifest) == Array("{}".utf8))
            #expect(try transaction.floats(of: "mean", in: .statistics, count: 3) == [1, -2, 0.5])
            #expect(try transaction.integers(of: "b4.conv1", in: .sums, count: 2) == [1 << 40, -7])
            #expect(try transaction.bytes(of: "absent", in: .manifest) == nil)
            #expect(try transaction.contains("mean", in: .statistics))
            #expect(try transaction.count(of: .sums) == 1)
        }
    }

    @Test func aLargeValueIsBorrowedInPlaceAndAligned() throws {
        let values = (0..<100_000).map(Float.init)
        let store = try DirectionStore.openOrCreate(path: path)
        try store.write { try $0.put(values, for: "table", in: .relevance) }
        let (equal, aligned) = try #require(
            try store.read { transaction in
                try transaction.withFloats(of: "table", in: .relevance, count: values.count) { span in
                    span.withUnsafeBufferPointer {
                        ($0.elementsEqual(values), Int(bitPattern: $0.baseAddress) % 16 == 0)
                    }
                }
            })
        #expect(equal && aligned)
    }

    @Test func aValueOfAnotherSizeIsRefusedBeforeItIsDecoded() throws {
        try writeSample(at: path)
        let store = try DirectionStore.open(path: path)
        #expect(
            throws: StoreError.valueSize(path: path, table: .statistics, key: "mean", found: 12, expected: 16)
        ) {
            try store.read { _ = try $0.floats(of: "mean", in: .statistics, count: 4) }
        }
        #expect(throws: StoreError.self) {
            try store.read { _ = try $0.integers(of: "mean", in: .statistics, count: Int.max) }
        }
    }

    @Test func integersAddUpAcrossTransactionsAndOverflowIsAnError() throws {
        let store = try DirectionStore.openOrCreate(path: path)
        for _ in 0..<3 { try store.write { try $0.add([1, -2], to: "b8.conv0", in: .sums) } }
        #expect(try store.read { try $0.integers(of: "b8.conv0", in: .sums, count: 2) } == [3, -6])
        #expect(throws: StoreError.overflow(path: path, table: .sums, key: "b8.conv0")) {
            try store.write { try $0.add([Int64.max, 0], to: "b8.conv0", in: .sums) }
        }
        #expect(try store.read { try $0.integers(of: "b8.conv0", in: .sums, count: 2) } == [3, -6])
    }

    @Test func aWriteThatThrowsLeavesNothing() throws {
        struct Abandoned: Error {}
        let store = try DirectionStore.openOrCreate(path: path)
        #expect(throws: Abandoned.self) {
            try store.write { transaction in
                try transaction.put(bytes: Array("x".utf8), for: "manifest", in: .manifest)
                throw Abandoned()
            }
        }
        #expect(try store.read { try $0.count(of: .manifest) } == 0)
    }

    @Test func entriesAreVisitedInOrderAndRemoved() throws {
        let store = try DirectionStore.openOrCreate(path: path)
        try store.write { transaction in
            for key in ["b", "c", "a"] { try transaction.put(bytes: Array(key.utf8), for: key, in: .done) }
        }
        func keys() throws -> [String] {
            var keys: [String] = []
            try store.read {
                try $0.forEach(in: .done) { key, value in keys.append("\(key)\(value.byteCount)") }
            }
            return keys
        }
        #expect(try keys() == ["a1", "b1", "c1"])
        try store.write {
            try $0.remove("b", from: .done)
            try $0.remove("not there", from: .done)
        }
        #expect(try keys() == ["a1", "c1"])
        try store.write { try $0.removeAll(from: .done) }
        #expect(try keys().isEmpty)
    }

    @Test func keysThatLMDBCannotHoldAreRefused() throws {
        let store = try DirectionStore.openOrCreate(path: path)
        for length in [0, Table.longestKey + 1] {
            #expect(throws: StoreError.key(table: .text, length: length)) {
                try store.write {
                    try $0.put(bytes: [0], for: String(repeating: "k", count: length), in: .text)
                }
            }
        }
        try store.write {
            try $0.put(bytes: [0], for: String(repeating: "k", count: Table.longestKey), in: .text)
        }
    }

    // MARK: Room

    @Test func theMapGrowsWhenItIsFull() throws {
        let size = DirectionStore.MapSize(initial: 1 << 20, maximum: 64 << 20)
        let store = try DirectionStore.openOrCreate(path: path, mapSize: size)
        let values = [Float](repeating: 1, count: 1 << 20)
        try store.write { try $0.put(values, for: "table", in: .relevance) }
        #expect(try store.read { try $0.floats(of: "table", in: .relevance, count: values.count) } == values)
    }

    @Test func aStoreBeyondItsLimitSaysSoAndStaysWhole() throws {
        let size = DirectionStore.MapSize(initial: 1 << 20, maximum: 2 << 20)
        let store = try DirectionStore.openOrCreate(path: path, mapSize: size)
        try store.write { try $0.put(bytes: [7], for: "kept", in: .manifest) }
        #expect(throws: StoreError.mapFull(path: path, limit: 2 << 20)) {
            try store.write {
                try $0.put([Float](repeating: 1, count: 1 << 20), for: "table", in: .relevance)
            }
        }
        #expect(try store.read { try $0.bytes(of: "kept", in: .manifest) } == [7])
        try store.write { try $0.put(bytes: [8], for: "kept", in: .manifest) }
        #expect(try store.read { try $0.bytes(of: "kept", in: .manifest) } == [8])
    }

    // MARK: Who holds it

    @Test func threadsReadAndWriteTogetherAndSeeWholeSnapshots() throws {
        let size = DirectionStore.MapSize(initial: 1 << 20, maximum: 64 << 20)
        let store = try DirectionStore.openOrCreate(path: path, mapSize: size)
        // Every write sets all values to one number, so a reader must never see two; the map grows meanwhile.
        let count = 4096
        try store.write { try $0.put([Int64](repeating: 0, count: count), for: "0", in: .sums) }
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 6) { worker in
            do {
                for round in 1...20 {
                    if worker < 2 {
                        let number = Int64(worker * 1000 + round)
                        try store.write {
                            try $0.put([Int64](repeating: number, count: count), for: "0", in: .sums)
                            try $0.put([Int64](repeating: number, count: count), for: "\(number)", in: .sums)
                        }
                    } else {
                        let values = try store.read { try $0.integers(of: "0", in: .sums, count: count) }
                        if Set(values ?? []).count != 1 { failures.withLock { $0.append("torn") } }
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try store.read { try $0.count(of: .sums) } == 41)
    }

    @Test func aReaderKeepsItsSnapshotWhileAnotherWrites() throws {
        let store = try DirectionStore.openOrCreate(path: path)
        try store.write { try $0.put(bytes: [1], for: "manifest", in: .manifest) }
        try store.read { (transaction: borrowing Transaction) throws in
            // On another thread: LMDB allows a thread one transaction that writes or one that reads at a time.
            let thread = Thread {
                try? store.write { try $0.put(bytes: [2], for: "manifest", in: .manifest) }
            }
            thread.start()
            while !thread.isFinished { usleep(100) }
            #expect(try transaction.bytes(of: "manifest", in: .manifest) == [1])
        }
        #expect(try store.read { try $0.bytes(of: "manifest", in: .manifest) } == [2])
    }

    @Test func oneBuilderAtATime() throws {
        _ = try DirectionStore.openOrCreate(path: path)
        var lock: BuilderLock? = try BuilderLock(store: path)
        let error = #expect(throws: StoreError.self) { _ = try BuilderLock(store: path) }
        guard case .busy(_, let holder?) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(holder.hasPrefix("process \(getpid()) on ") && holder.contains(", since 2"))
        #expect(lock != nil)
        lock = nil
        _ = try BuilderLock(store: path)
    }

    /// As where a restart puts another folder in this one's place between the lock's opening and its taking.
    @Test func aLockIsOfTheFileThatIsThere() throws {
        _ = try DirectionStore.openOrCreate(path: path)
        var removals = 0
        let lock = try BuilderLock(store: path) {
            if removals == 0 { unlink(path + "/builder.lock") }
            removals += 1
        }
        #expect(removals == 2)
        #expect(throws: StoreError.self) { _ = try BuilderLock(store: path) }
        withExtendedLifetime(lock) {}
    }

    @Test func aStoreOpenForReadingIsNotOpenedForWritingByTheSameProgram() throws {
        try writeSample(at: path)
        let reader = try DirectionStore.open(path: path)
        withExtendedLifetime(reader) {
            #expect(throws: StoreError.openForReading(path: path)) {
                _ = try DirectionStore.openOrCreate(path: path)
            }
            #expect(throws: StoreError.readOnly(path: path)) { try reader.write { _ in } }
        }
    }

    // MARK: What is no store

    @Test func whatIsNoStoreIsNamedSo() throws {
        #expect(throws: StoreError.missing(path: path)) { _ = try DirectionStore.open(path: path) }
        let file = folder.file("file")
        try Data("text".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: StoreError.self) { _ = try DirectionStore.openOrCreate(path: file) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(throws: StoreError.missing(path: path)) { _ = try DirectionStore.open(path: path) }
        try Data(repeating: 7, count: 40_000).write(to: URL(fileURLWithPath: path + "/data.mdb"))
        let reason = "data.mdb is not an LMDB file"
        #expect(throws: StoreError.notAStore(path: path, reason: reason)) {
            _ = try DirectionStore.open(path: path)
        }
        #expect(throws: StoreError.notAStore(path: path, reason: reason)) {
            _ = try DirectionStore.openOrCreate(path: path)
        }
        try Data().write(to: URL(fileURLWithPath: path + "/data.mdb"))
        #expect(throws: StoreError.self) { _ = try DirectionStore.open(path: path) }
        _ = try DirectionStore.openOrCreate(path: path)
    }

    @Test(.enabled(if: getuid() != 0, "everything is writable for root"))
    func aReadOnlyFolderIsReadNotWritten()
        throws
    {
        try writeSample(at: path)
        try FileManager.default.removeItem(atPath: path + "/lock.mdb")
        chmod(path, 0o555)
        defer { chmod(path, 0o755) }
        let store = try DirectionStore.open(path: path)
        #expect(try store.read { try $0.contains("manifest", in: .manifest) })
        #expect(throws: StoreError.readOnly(path: path)) { _ = try BuilderLock(store: path) }
    }

    @Test func foldersOnTheWayAreMadeUnlessAFileIsInTheWay() throws {
        for path in ["a/b/c", "d/", "e//f/"].map(folder.file) {
            _ = try DirectionStore.openOrCreate(path: path)
            #expect(StoreFolder.mayBeStore(at: path))
        }
        let file = folder.file("file")
        try Data().write(to: URL(fileURLWithPath: file))
        let reason = "it is a file where a folder is needed"
        for path in [file, file + "/below"] {
            #expect(throws: StoreError.notAStore(path: path, reason: reason)) {
                _ = try DirectionStore.openOrCreate(path: path)
            }
        }
    }

    // MARK: Others' tools

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mdb_dump")))
    func mdbDumpReadsEveryTable() throws {
        try writeSample(at: path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/mdb_dump")
        process.arguments = ["-a", path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let dump = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        for table in Table.allCases { #expect(dump.contains("database=\(table.rawValue)\n")) }
        // 1 and -2 and 0.5 as little-endian float32, under the key "mean".
        #expect(dump.contains(" 6d65616e\n 0000803f000000c00000003f\n"))
    }
}

/// A small store with an entry in some tables.
func writeSample(at path: String) throws {
    let store = try DirectionStore.openOrCreate(path: path)
    try store.write { transaction in
        try transaction.put(bytes: Array("{}".utf8), for: "manifest", in: .manifest)
        try transaction.put([1, -2, 0.5] as [Float], for: "mean", in: .statistics)
        try transaction.put([1 << 40, -7] as [Int64], for: "b4.conv1", in: .sums)
    }
}
