import Foundation
import Tensors
import Testing

@testable import Checkpoints

/// Damaged files end in an error or in other numbers, never in a trap.
@Suite struct HostileFileTests {
    /// Mutations of each file; the environment may ask for more.
    private static let mutations =
        ProcessInfo.processInfo.environment["FUZZ"].flatMap { Int($0) }.map { max($0, 0) } ?? 300

    @Test(arguments: Fixture.names) func mutatedFilesNeverTrap(name: String) throws {
        try mutate(Fixture.bytes(name))
    }

    private func mutate(_ whole: [UInt8]) throws {
        #expect(try fault(whole) == nil)
        var random = NumPyRandomState(seed: 20)
        for _ in 0..<Self.mutations {
            var bytes = whole
            for _ in 0...Int(random.next() % 4) {
                let at = Int(random.next()) % bytes.count
                switch random.next() % 4 {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[at] ^= 1 << UInt8(random.next() % 8)
                case 2: bytes[at] = [0, 0x7f, 0x80, 0xff][Int(random.next() % 4)]
                default: bytes.remove(at: at)
                }
            }
            _ = try fault(bytes)
        }
    }

    @Test func mutatedSafetensorsNeverTrap() throws {
        let header = "{" + SafetensorsFileTests.entry("a", "F32", "2,2", "0,16") + "}"
        try mutate(SafetensorsFileTests.bytes(header, [UInt8](repeating: 1, count: 16)))
    }

    @Test(arguments: Fixture.names) func everyTruncationIsRefused(name: String) throws {
        let whole = try Fixture.bytes(name)
        for count in stride(from: 1, to: whole.count, by: max(1, whole.count / 150)) {
            #expect(try fault(Array(whole.prefix(count))) != nil, "\(count) bytes")
        }
    }

    @Test func zip64SizesAreRead() throws {
        let read = try Checkpoint.open(path: Fixture.path("zip64.npz"))
        #expect(try read.tensor("rows").values == [0, 1, 2, 3])
    }

    @Test func packedArraysOfBothOrdersAreRead() throws {
        let read = try Checkpoint.open(path: Fixture.path("deflated.npz"))
        for name in ["rows", "big"] { #expect(try read.tensor(name).values == (0..<24).map { Float($0) }) }
        #expect(read.metadata == ["name": "Löwe"])
        let fortran = try NumPyFile.read(path: Fixture.path("fortran.npy"))
        #expect(fortran.values == (0..<24).map { Float($0) })
    }
}
