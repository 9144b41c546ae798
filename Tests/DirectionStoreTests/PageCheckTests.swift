import DirectionStore
import Foundation
import TestSupport
import Testing

/// Damage anywhere in the file's structure ends in an error or in other values, never in a fault.
@Suite struct PageCheckTests {
    let folder: TemporaryFolder
    let whole: Data

    /// A file with branch pages, overflow pages and free pages.
    init() throws {
        folder = try TemporaryFolder()
        let path = folder.file("whole")
        do {
            let store = try DirectionStore.openOrCreate(path: path)
            for round in 0..<2 {
                try store.write { transaction in
                    for number in 0..<300 {
                        try transaction.put(
                            [Float](repeating: Float(round), count: 10 + number % 7), for: "phrase \(number)",
                            in: .text)
                    }
                    try transaction.put([Int64](repeating: 3, count: 700), for: "b4.conv1", in: .sums)
                    try transaction.put(bytes: Array("{}".utf8), for: "manifest", in: .manifest)
                }
            }
            try store.write { try $0.removeAll(from: .sums) }
            try store.write { try $0.put([Int64](repeating: 3, count: 600), for: "b4.conv1", in: .sums) }
        }
        whole = try Data(contentsOf: URL(fileURLWithPath: path + "/data.mdb"))
    }

    @Test func changedBytesAreAnErrorOrOtherValues() throws {
        var random = SeededGenerator(seed: 7)
        var refused = 0
        let rounds = 600
        for _ in 0..<rounds {
            var data = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                // Heads of pages and nodes are where damage is dangerous: most changes go there.
                let page = Int.random(in: 0..<data.count / 4096, using: &random)
                let within = Int.random(in: 0..<(Bool.random(using: &random) ? 160 : 4096), using: &random)
                data[page * 4096 + within] =
                    [0, 1, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            if try !survives(data) { refused += 1 }
        }
        #expect(refused > rounds / 10)
    }

    /// LMDB takes the head by the parity of the newest transaction's number, whichever head says that number.
    @Test func aHeadInTheOthersPlaceIsRefused() throws {
        func transaction(_ data: Data, _ head: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(data[head * 4096 + 144 + $1]) << (8 * UInt64($1)) }
        }
        let newer = transaction(whole, 0) > transaction(whole, 1) ? 0 : 1
        var data = whole
        data[newer * 4096 + 144] += 1
        // The root of the other head's tables: a page that is none.
        for i in 0..<8 { data[(1 - newer) * 4096 + 88 + 40 + i] = i == 0 ? 3 : 0 }
        for i in 3 * 4096 + 12..<3 * 4096 + 4096 { data[i] = 0xff }
        #expect(try !survives(data))
    }

    /// LMDB overwrites a value in place where the same transaction has written it longer before.
    @Test func aValueThatBecameShorterWithinATransactionIsSound() throws {
        let path = folder.file("shorter")
        try DirectionStore.openOrCreate(path: path).write { transaction in
            for size in [20_000, 9000] {
                try transaction.put(bytes: [UInt8](repeating: 1, count: size), for: "manifest", in: .manifest)
            }
        }
        try readAll(DirectionStore.open(path: path))
    }

    @Test func aFileCutShortIsRefused() throws {
        #expect(try survives(whole))
        for length in stride(from: 1, to: whole.count, by: 1777) {
            // What is cut off the end may be free pages, which nobody misses.
            let survived = try survives(whole.prefix(length))
            #expect(!survived || length > whole.count / 2)
        }
    }

    /// Whether a store of these bytes opens, reads in full and takes a change.
    private func survives(_ data: Data) throws -> Bool {
        let path = folder.file(UUID().uuidString)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try data.write(to: URL(fileURLWithPath: path + "/data.mdb"))
        do {
            try readAll(DirectionStore.open(path: path))
            let store = try DirectionStore.openOrCreate(
                path: path, mapSize: .init(initial: 1 << 20, maximum: 4 << 20))
            for round in 0..<3 {
                try store.write { transaction in
                    try transaction.put(
                        [Float](repeating: 1, count: 5000 * round), for: "phrase 7", in: .text)
                    try transaction.removeAll(from: .sums)
                    try transaction.put(bytes: Array("[]".utf8), for: "manifest", in: .manifest)
                }
            }
            try readAll(store)
            return true
        } catch is StoreError {
            return false
        }
    }

    private func readAll(_ store: DirectionStore) throws {
        try store.read { transaction in
            for table in Table.allCases {
                var sum = 0
                try transaction.forEach(in: table) { key, value in
                    for position in 0..<value.byteCount {
                        sum &+= Int(value.unsafeLoad(fromByteOffset: position, as: UInt8.self))
                    }
                    _ = try transaction.contains(key.isEmpty ? "?" : String(key.prefix(100)), in: table)
                }
                _ = try transaction.bytes(of: "phrase 60", in: table)
            }
        }
    }
}

/// SplitMix64: the same damage in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
