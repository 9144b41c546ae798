import CZlib
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Files made by hand to run code, to read beyond their end, or to use up memory or time.
@Suite struct AttackTests {
    private func pickle(_ body: String) -> [UInt8] {
        [0x80, 2] + body.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }

    // MARK: Pickles

    /// `os.system("…")` as each protocol spells it; nothing of it may run, and its name is said.
    @Test func aPickleThatCallsTheShellIsRefused() throws {
        let mark = try TemporaryFolder()
        let command = "touch \(mark.file("ran"))"
        func text(_ text: String) -> String { "X\(Unicode.Scalar(UInt8(text.utf8.count)))\0\0\0\(text)" }
        let calls = [
            "cos\nsystem\n\(text(command))\u{85}R.",
            "\(text("os"))\(text("system"))\u{93}\(text(command))\u{85}R.",
            "cbuiltins\n__import__\n\(text("os"))\u{85}R.",
            "csubprocess\nPopen\n]\(text("sh"))a\u{85}R.",
            // The one who asks for a harmless name and puts the call in its state.
            "ccollections\nOrderedDict\n)R}\(text("a"))cos\nsystem\n\(text(command))\u{85}Rsb.",
        ]
        for call in calls {
            guard case .refused(let name, _) = try #require(try fault(pickle(call))) else {
                Issue.record("not refused by name: \(call)")
                continue
            }
            #expect(["os.system", "builtins.__import__", "subprocess.Popen"].contains(name))
        }
        #expect(!FileManager.default.fileExists(atPath: mark.file("ran")))
    }

    @Test func aCallWithinAnArchiveOfPyTorchIsRefusedAsWell() throws {
        var zip = ZipBuilder()
        zip.add("archive/data.pkl", pickle("cposix\nsystem\nX\u{4}\0\0\0true\u{85}R."))
        #expect(try fault(zip.bytes()) == .refused(name: "posix.system", offset: 2))
    }

    @Test func aMemoryThatLeadsBackToItselfEnds() throws {
        let array = "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\u{2}\0\0\0u1\u{85}RC\u{1}A\u{86}R"
        // A dictionary with a tensor and itself, and two lists in one another.
        let own = "}q\u{1}X\u{1}\0\0\0a\(array)sX\u{1}\0\0\0bh\u{1}s."
        let read = try checkpoint(pickle(own))
        #expect(read.names == ["a"])
        let pair = "]q\u{1}]q\u{2}\(array)ah\u{1}aa."
        #expect(try checkpoint(pickle(pair)).names == ["0.0"])
        #expect(try fault(pickle("h\u{7}."))?.description.contains("nothing is remembered") == true)
    }

    @Test func tenThousandNestedTuplesEndInAnError() throws {
        let array = "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\u{2}\0\0\0u1\u{85}RC\u{1}A\u{86}R"
        let deep = array + String(repeating: "\u{85}", count: 10_000) + "."
        #expect(try fault(pickle(deep))?.description.contains("too deeply") == true)
    }

    /// Each asks for far more memory than it has bytes: objects of an operation each, marks, memories, one tensor under
    /// many long names.
    @Test func aShortPickleDoesNotFillTheMemory() throws {
        let array = "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\u{2}\0\0\0u1\u{85}RC\u{1}A\u{86}R"
        let name = String(repeating: "n", count: 4000)
        let length = "\u{A0}\u{0F}\0\0"
        let bombs = [
            String(repeating: "]", count: 1_000_000), String(repeating: "}", count: 1_000_000),
            String(repeating: "(", count: 1_900_000), String(repeating: "N", count: 1_900_000),
            "N" + String(repeating: "\u{94}", count: 1_000_000),
            "(" + String(repeating: "N", count: 1_000_000) + "l"
                + String(repeating: "2\u{85}", count: 100_000) + ".",
            "}X\(length)\(name)](\(array)q\u{1}" + String(repeating: "h\u{1}", count: 100_000) + "es.",
        ]
        for bomb in bombs { #expect(faultInMemory(pickle(bomb)) != nil) }
    }

    @Test func aHeaderOfManySmallValuesTakesASmallMultipleOfItsLength() throws {
        for body in [
            "[" + String(repeating: "0,", count: 500_000) + "0]",
            "[" + String(repeating: "[],", count: 300_000) + "0]",
            "[" + String(repeating: "\"\",", count: 300_000) + "0]",
            "{" + (0..<100_000).map { "\"\($0)\":0," }.joined() + "\"a\":0}",
        ] {
            let header = Array("{\"a\":\(body)}".utf8)
            let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
            #expect(faultInMemory(length + header) != nil)
        }
    }

    @Test func aTensorWhoseStridesLeaveItsStorageIsRefused() throws {
        // Four numbers, seen from the second on as 2 × 2 with a step of 9 between rows.
        func tensor(_ offset: Int, _ shape: String, _ strides: String) -> [UInt8] {
            let storage = "X\u{7}\0\0\0storagectorch\nFloatStorage\nX\u{1}\0\0\00X\u{3}\0\0\0cpuK\u{4}tQ"
            let body =
                "ctorch._utils\n_rebuild_tensor_v2\n((\(storage)K\(Unicode.Scalar(UInt8(offset)))"
                + "\(shape)\(strides)\u{89}}tR."
            var zip = ZipBuilder()
            zip.add("a/data.pkl", pickle(body))
            zip.add("a/data/0", [UInt8](repeating: 1, count: 16))
            return zip.bytes()
        }
        #expect(try fault(tensor(0, "K\u{2}K\u{2}\u{86}", "K\u{2}K\u{1}\u{86}")) == nil)
        for bytes in [
            tensor(1, "K\u{2}K\u{2}\u{86}", "K\u{9}K\u{1}\u{86}"),
            tensor(1, "K\u{2}K\u{2}\u{86}", "K\u{2}K\u{1}\u{86}"),
            tensor(0, "K\u{2}\u{85}", "J\u{FF}\u{FF}\u{FF}\u{FF}\u{85}"),
            tensor(0, "K\u{2}\u{85}", "J\u{FF}\u{FF}\u{FF}\u{7F}\u{85}"),
            // One number, a hundred million times.
            tensor(0, "J\u{0}\u{E1}\u{F5}\u{5}\u{85}", "K\u{0}\u{85}"),
        ] {
            #expect(try fault(bytes) != nil)
        }
    }

    // MARK: Archives

    @Test func recordsThatOverlapAreRefused() throws {
        var zip = ZipBuilder()
        let array = NumPyHeader.bytes(type: "<f4", shape: [64]) + [UInt8](repeating: 0, count: 256)
        zip.add("a.npy", array)
        zip.addName("b.npy", sameAs: "a.npy")
        #expect(try fault(zip.bytes())?.description.contains("overlaps") == true)
    }

    @Test func sizesThatLieAreRefused() throws {
        let array = NumPyHeader.bytes(type: "<f4", shape: [64]) + [UInt8](repeating: 0, count: 256)
        for size in [array.count - 4, array.count + 4, array.count * 100, 0xffff_fffe] {
            var zip = ZipBuilder()
            zip.add("a.npy", array, claiming: UInt32(size), isDeflated: true)
            #expect(try fault(zip.bytes()) != nil, "\(size)")
        }
    }

    @Test func aBombIsRefusedBeforeItIsUnpacked() throws {
        // 1.2 MB of deflated zeros that unpack to 1 GB: 16 MiB and more at over 64 to 1.
        var zip = ZipBuilder()
        let packed = [UInt8](repeating: 0, count: 1_200_000)
        zip.addPacked("a.npy", packed, claiming: 1 << 30)
        #expect(try fault(zip.bytes())?.description.contains("as a bomb does") == true)
    }

    @Test func aHeaderOfTwoToTheSixtyThreeBytesIsRefused() throws {
        for length in [UInt64(1) << 63, .max, 1 << 40, 100_000_001] {
            let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}".utf8)
            #expect(try fault(bytes) != nil)
        }
        // The same in npy: a header of 4 GiB, and a shape of 2^63 numbers.
        #expect(try fault(NumPyHeader.magic + [2, 0, 0xff, 0xff, 0xff, 0xff] + [0x7b]) != nil)
        let shape = "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,), }"
        #expect(try fault(NumPyHeader.magic + [1, 0, UInt8(shape.utf8.count), 0] + Array(shape.utf8)) != nil)
    }
}

/// Zip archives, as wrong as a test wants them.
private struct ZipBuilder {
    private var records: [UInt8] = []
    private var directory: [(name: String, facts: [UInt8], offset: Int)] = []

    mutating func add(
        _ name: String, _ content: [UInt8], claiming size: UInt32? = nil, isDeflated: Bool = false
    ) {
        let checksum = content.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
        // A stored block of deflate: final, length, its complement, the bytes.
        let count = UInt16(content.count)
        let packed = isDeflated ? [1] + little(count) + little(~count) + content : content
        append(
            name, packed, method: isDeflated ? 8 : 0, checksum: UInt32(truncatingIfNeeded: checksum),
            size: size ?? UInt32(content.count))
    }

    mutating func addPacked(_ name: String, _ packed: [UInt8], claiming size: UInt32) {
        append(name, packed, method: 8, checksum: 0, size: size)
    }

    /// A second name for a record's bytes.
    mutating func addName(_ name: String, sameAs other: String) {
        guard let found = directory.first(where: { $0.name == other }) else { return }
        directory.append((name, found.facts, found.offset))
    }

    private mutating func append(
        _ name: String, _ packed: [UInt8], method: UInt16, checksum: UInt32, size: UInt32
    ) {
        let facts =
            little(UInt16(20)) + little(UInt16(0)) + little(method) + little(UInt32(0))
            + little(checksum) + little(UInt32(packed.count)) + little(size)
        directory.append((name, facts, records.count))
        records += [0x50, 0x4b, 3, 4] + facts + little(UInt16(name.utf8.count)) + little(UInt16(0))
        records += Array(name.utf8) + packed
    }

    func bytes() -> [UInt8] {
        var lines: [UInt8] = []
        for (name, facts, offset) in directory {
            lines += [0x50, 0x4b, 1, 2] + little(UInt16(20)) + facts + little(UInt16(name.utf8.count))
            lines += [UInt8](repeating: 0, count: 12) + little(UInt32(offset)) + Array(name.utf8)
        }
        let count = little(UInt16(directory.count))
        let end =
            [0x50, 0x4b, 5, 6, 0, 0, 0, 0] + count + count
            + little(UInt32(lines.count)) + little(UInt32(records.count)) + [0, 0]
        return records + lines + end
    }

    private func little<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
