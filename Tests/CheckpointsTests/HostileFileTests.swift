import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Damaged files end in an error or in other numbers, never in a trap.
@Suite struct HostileFileTests {
    @Test(arguments: Fixture.names) func mutatedFilesNeverTrap(name: String) throws {
        try mutate(Fixture.bytes(name))
    }

    /// Mutates a whole file by a seed, some bytes at a time, and reads what comes of it.
    private func mutate(_ whole: [UInt8]) throws {
        #expect(faultInMemory(whole) == nil)
        var mutator = Mutator(seed: 20)
        for _ in 0..<Mutator.count {
            let bytes = mutator.mutated(whole)
            let start = processorSeconds
            _ = faultInMemory(bytes)
            // Files of a few kilobytes are read in microseconds.
            #expect(processorSeconds - start < 1)
        }
    }

    @Test func mutatedSafetensorsNeverTrap() throws {
        let header =
            "{\"__metadata__\":{\"a\":\"b\"},"
            + SafetensorsFileTests.entry("a", "F32", "2,2", "0,16") + ","
            + SafetensorsFileTests.entry("b", "F16", "3", "16,22") + "}"
        try mutate(SafetensorsFileTests.bytes(header, [UInt8](repeating: 1, count: 22)))
    }

    @Test func mutatedIndicesNeverTrap() throws {
        let whole = Array(
            "{\"metadata\": {}, \"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"one.safetensors\"}}"
                .utf8)
        var mutator = Mutator(seed: 21)
        for _ in 0..<Mutator.count {
            let bytes = mutator.mutated(whole)
            let peak = peakAllocation { _ = try? ShardIndex(recognising: Bytes(bytes)) }
            #expect(peak < 64 * bytes.count + 1 << 16)
        }
        #expect(try ShardIndex(recognising: Bytes(whole)) != nil)
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
