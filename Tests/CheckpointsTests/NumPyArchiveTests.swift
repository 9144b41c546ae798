import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct NumPyArchiveTests {
    private let folder: TemporaryFolder
    private let path: String
    private let a = Tensor([1, -2, 0.5])

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("archive.npz")
        try NumPyArchive.write(
            [
                ("b16.conv1", .tensor(a)), ("empty", .text("")),
                ("manifest", .text(#"{"phrase": "Löwe 🦁"}"#)),
                ("matrix", .tensor(try Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]))),
            ], path: path)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let read = try Checkpoint.open(path: path)
        #expect(read.format == "npz")
        #expect(read.names == ["b16.conv1", "matrix"])
        #expect(read.metadata == ["empty": "", "manifest": #"{"phrase": "Löwe 🦁"}"#])
        #expect(try read.tensor("b16.conv1") == a)
        #expect(try read.tensor("matrix").shape == [3, 2])
    }

    @Test func anArrayOfATypeThatIsNotReadLeavesTheOthersReadable() throws {
        let types = ["|S2", "<c8", "<M8[ns]", "|O"]
        try WholeFile.write(path: path) { file throws(CheckpointError) in
            var zip = ZipWriter(path: path)
            for type in types + ["|u1"] {
                let array = NumPyHeader.bytes(type: type, shape: [1]) + [65]
                try array.span.bytes.withUnsafeBytes { bytes throws(CheckpointError) in
                    try zip.append(type + ".npy", [bytes], to: &file)
                }
            }
            try zip.finish(&file)
        }
        let read = try Checkpoint.open(path: path)
        #expect(read.names == (types + ["|u1"]).sorted())
        #expect(try read.tensor("|u1").values == [65])
        for type in types {
            #expect(read.storage(of: type)?.type == "\(type), not read")
            #expect(throws: CheckpointError.self) { try read.tensor(type) }
        }
    }

    @Test func aNameThatStandsTwiceIsRefused() throws {
        #expect(throws: CheckpointError.self) {
            try NumPyArchive.write([("a", .text("")), ("a", .text(""))], path: path)
        }
    }

    @Test func aDamagedRecordIsFoundByItsChecksum() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let value = withUnsafeBytes(of: Float(-2)) { Array($0) }
        let at = try #require(bytes.indices.dropLast(4).first { Array(bytes[$0..<$0 + 4]) == value })
        bytes[at] ^= 1
        #expect(try fault(bytes)?.description.contains("checksum") == true)
    }

    @Test func everyTruncationIsRefused() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for count in stride(from: 1, to: bytes.count, by: 7) {
            #expect(try fault(Array(bytes.prefix(count))) != nil)
        }
    }

    @Test(.enabled(if: TestPython.isPresent, "TEST_PYTHON names no Python")) func numPyReadsWhatIsWritten()
        throws
    {
        let program = """
            import sys, numpy, zipfile
            f = numpy.load(sys.argv[1])
            print(zipfile.ZipFile(sys.argv[1]).testzip(), f.files, f["b16.conv1"], f["matrix"].shape)
            print(ascii(str(f["manifest"])), ascii(str(f["empty"])), f["matrix"].dtype)
            """
        #expect(
            try TestPython.output(program, [path]) == """
                None ['b16.conv1', 'empty', 'manifest', 'matrix'] [ 1.  -2.   0.5] (3, 2)
                '{"phrase": "L\\xf6we \\U0001f981"}' '' float32
                """)
    }

    @Test(.enabled(if: TestPython.isPresent, "TEST_PYTHON names no Python")) func whatNumPyWritesIsRead()
        throws
    {
        let program = """
            import sys, numpy
            n = numpy.arange(24).reshape(2, 3, 4)
            kinds = {k: n.astype(k) for k in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 >f4 >i8".split()}
            others = dict(bytes=numpy.array(b"hi"), complex=n * 1j, date=n.astype("M8[D]"), object=numpy.array([{}]))
            numpy.savez_compressed(sys.argv[1], fortran=numpy.asfortranarray(n), **kinds, **others)
            """
        let path = folder.file("packed.npz")
        _ = try TestPython.output(program, [path])
        let read = try Checkpoint.open(path: path)
        let others = ["bytes", "complex", "date", "object"]
        #expect(read.names.count == 18 && Set(read.names).isSuperset(of: others))
        for name in others { #expect(throws: CheckpointError.self) { try read.tensor(name) } }
        for name in read.names where !others.contains(name) {
            #expect(try read.tensor(name, shape: [2, 3, 4]).values == (0..<24).map { Float($0) }, "\(name)")
        }
    }
}
