import Tensors
import Testing

@testable import Checkpoints

@Suite struct PyTorchTests {
    private let grid = (0..<24).map { Float($0) }

    @Test(arguments: ["state.pt", "deflated.pt", "deflated-zip64.pt", "legacy.pt", "legacy-4.pt"])
    func everyKindOfFileHoldsTheSameTensors(name: String) throws {
        let read = try Checkpoint.open(path: Fixture.path(name))
        #expect(read.format == "PyTorch")
        for type in [
            "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16",
        ] {
            #expect(try read.tensor("g_ema.\(type)", shape: [2, 3, 4]).values == grid, "\(type)")
        }
        #expect(try read.tensor("g_ema.bool", shape: [2, 3, 4]).values == grid.map { $0 == 0 ? 0 : 1 })
        #expect(try read.tensor("g_ema.turned", shape: [3, 2]).values == [0, 3, 1, 4, 2, 5])
        #expect(try read.tensor("g_ema.every_other").values == [1, 3, 5, 7, 9, 11])
        #expect(try read.tensor("g_ema.head", shape: [2, 2]).values == [0, 1, 2, 3])
        #expect(try read.tensor("g_ema.expanded", shape: [2, 3]).values == [1, 1, 1, 2, 2, 2])
        #expect(try read.tensor("g_ema.scalar", shape: []).values == [3.5])
        #expect(try read.tensor("g_ema.empty").shape == [0, 5])
        #expect(try read.tensor("g_ema.parameter").values == [1, -2])
        #expect(try read.tensor("list.0").values == [1, 1])
        #expect(try read.tensor("list.1.inner").values == [0])
        #expect(try read.tensor("d.weight", shape: [1, 2]).values == [3, 4])
        #expect(read.names.count == 22)
        #expect(read.metadata["step"] == "7")
        #expect(read.metadata["args.size"] == "64")
    }

    @Test func aTorchScriptArchiveGivesItsAttributes() throws {
        let read = try Checkpoint.open(path: Fixture.path("script.pt"))
        #expect(try read.tensor("layer.weight", shape: [1, 2]).values == [3, 4])
        #expect(try read.tensor("layer.bias").values == [5])
        #expect(try read.tensor("mean").values == [0.5])
    }

    @Test func aBigEndianArchiveIsTurned() throws {
        var bytes = try Fixture.bytes("state.pt")
        // The record's bytes are those numbers backwards: 1.0 becomes 0x0000803f, a tiny subnormal.
        let little = Array("little".utf8)
        let at = try #require(bytes.indices.dropLast(6).first { Array(bytes[$0..<$0 + 6]) == little })
        bytes.replaceSubrange(at..<at + 3, with: Array("big".utf8))
        let tensor = try checkpoint(bytes).tensor("list.0")
        #expect(tensor.values.map(\.bitPattern) == [0x0000_803f, 0x0000_803f])
    }
}
