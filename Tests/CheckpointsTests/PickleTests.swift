import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct PickleTests {
    @Test(arguments: 2...5) func ofNVIDIAsNetworksTheAveragedGeneratorIsRead(protocol version: Int) throws {
        let read = try Checkpoint.open(path: Fixture.path("nvidia-\(version).pkl"))
        #expect(read.names == ["mapping.w_avg", "mapping.weight", "synthesis.w_avg", "synthesis.weight"])
        #expect(try read.tensor("mapping.weight", shape: [2, 3]).values == [3, 3, 3, 3, 3, 3])
        #expect(try read.tensor("synthesis.w_avg").values == [4, 1])
        #expect(read.metadata["z_dim"] == "3")
        #expect(read.metadata["_init_kwargs.mapping_kwargs.num_layers"] == "2")
    }

    @Test(arguments: [2, 4, 5]) func arraysOfNumPyAreRead(protocol version: Int) throws {
        let read = try Checkpoint.open(path: Fixture.path("arrays-\(version).pkl"))
        for name in ["rows", "columns"] {
            #expect(try read.tensor(name, shape: [2, 3, 4]).values == (0..<24).map { Float($0) })
        }
        #expect(try read.tensor("one", shape: []).values == [0.5])
        #expect(try read.tensor("list.0").values == [1, 1])
    }

    @Test(.enabled(if: Conformance.isPresent)) func publishedStyleStatisticsLoad() throws {
        let read = try Checkpoint.open(path: Conformance.path("styleclip/S_mean_std"))
        let means = try (0..<26).map { try read.tensor("0.\($0)") }
        let deviations = try (0..<26).map { try read.tensor("1.\($0)") }
        #expect(means.map(\.count).reduce(0, +) == 9088)
        #expect(means.map(\.shape) == deviations.map(\.shape))
        #expect(deviations.allSatisfy { $0.values.allSatisfy { $0 >= 0 && $0.isFinite } })
        #expect(read.names.count == 52)
    }

    private func pickle(_ body: String) -> [UInt8] { [0x80, 2] + Array(body.utf8) }

    @Test func aNameThatNoTensorNeedsIsRefusedWithItsPlace() throws {
        #expect(
            try fault(pickle("cposix\nsystem\n(X\u{4}\0\0\0trueTR."))
                == .refused(name: "posix.system", offset: 2))
        #expect(try fault(pickle("}cbuiltins\neval\n.")) == .refused(name: "builtins.eval", offset: 3))
        #expect(try fault(pickle("ctorch\nhub.load\n.")) == .refused(name: "torch.hub.load", offset: 2))
    }

    @Test func brokenPicklesAreRefused() throws {
        let bodies = [
            "", ".", "0.", "t.", "]](a.", "(.", "K", "X\u{ff}", "h\u{1}.", "}(Na.", "K\u{1}R.", "NN.", "(u.",
            "}(Nu.",
            "i", "K\u{1}K\u{1}b.", "NQ.", "]N\u{81}.", "a.", "ctorch\nfloat32\n)R.", "}K\u{1}K\u{2}R.",
        ]
        for body in bodies { #expect(try fault(pickle(body)) != nil, "\(body)") }
        #expect(try fault(pickle("N..")) == .oversized(format: "pickle", extra: 1))
    }

    /// Thirty pairs, each of the one before twice: 2^30 paths to one tensor. `array` is an array of one byte.
    @Test func aBombOfNestedPairsIsRefusedSoon() throws {
        let array = "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\u{2}\0\0\0u1\u{85}RC\u{1}A\u{86}R"
        func bytes(_ text: String) -> [UInt8] {
            text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        }
        let plain = [0x80, 2] + bytes(array + ".")
        #expect(try checkpoint(plain).tensor("array").values == [65])

        let bomb = [0x80, 2] + bytes(array + String(repeating: "2\u{86}", count: 30) + ".")
        #expect(try fault(bomb)?.description.contains("too many places") == true)
        // Without a tensor at the bottom there is nothing to look for.
        #expect(try fault([0x80, 2] + bytes("N" + String(repeating: "2\u{86}", count: 30) + ".")) == nil)
        // Nesting alone must not use up the call stack, here or where the values are freed.
        let deep = String(repeating: "\u{85}", count: 200_000)
        #expect(try fault([0x80, 2] + bytes(array + deep + "."))?.description.contains("too deeply") == true)
        #expect(try fault([0x80, 2] + bytes("N" + deep + ".")) == nil)
    }

    /// As Python writes them in protocol 2: `Counter(dict)`, and items set on `defaultdict(int)` and `defaultdict(dict)`.
    @Test(arguments: [
        "Counter\n}X\u{1}\0\0\0a%s\u{85}R.", "defaultdict\nc__builtin__\nlong\n\u{85}RX\u{1}\0\0\0a%s.",
        "defaultdict\nc__builtin__\ndict\n\u{85}RX\u{1}\0\0\0a%s.",
    ])
    func dictionariesOfOtherClassesKeepTheirTensors(body: String) throws {
        let array = "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\u{2}\0\0\0u1\u{85}RC\u{1}A\u{86}R"
        let text = "ccollections\n" + body.replacing("%", with: array)
        let bytes = [0x80, 2] + text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        #expect(try checkpoint(bytes).tensor("a").values == [65])
    }

    @Test func aListThatHoldsItselfIsWalkedOnce() throws {
        #expect(try checkpoint(pickle("]q\u{1}h\u{1}a.")).names.isEmpty)
    }

    @Test func unpackingTheSameTextForEverIsRefused() throws {
        // One text of 1 MiB, made bytes 1,000 times.
        var bytes: [UInt8] = [0x80, 2] + Array("c_codecs\nencode\nq\0".utf8)
        bytes += Array("X".utf8) + [0, 0, 16, 0] + [UInt8](repeating: 65, count: 1 << 20)
        bytes += Array("q\u{1}X\u{6}\0\0\0latin1q\u{2}".utf8)
        for _ in 0..<1000 { bytes += Array("h\0h\u{1}h\u{2}".utf8) + [0x86] + Array("R0".utf8) }
        let error = try fault(bytes + Array(".".utf8))
        #expect(error?.description.contains("again and again") == true)
    }
}
