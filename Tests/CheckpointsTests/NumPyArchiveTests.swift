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
            numpy.savez_compressed(sys.argv[1], fortran=numpy.asfortranarray(n), **kinds)
            """
        let path = folder.file("packed.npz")
        _ = try TestPython.output(program, [path])
        let read = try Checkpoint.open(path: path)
        #expect(read.names.count == 14)
        for name in read.names {
            #expect(try read.tensor(name, shape: [2, 3, 4]).values == (0..<24).map { Float($0) }, "\(name)")
        }
    }
}
