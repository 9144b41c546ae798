import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct ZipArchiveTests {
    /// An archive of two arrays, a and b, and where its directory's two lines begin.
    private func archive() throws -> (bytes: [UInt8], lines: [Int]) {
        let folder = try TemporaryFolder()
        try NumPyArchive.write(
            [("a", .tensor(Tensor([1, 2]))), ("b", .tensor(Tensor([3])))], path: folder.file("archive"))
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("archive"))))
        let lines = bytes.indices.dropLast(4).filter { Array(bytes[$0..<$0 + 4]) == [0x50, 0x4b, 1, 2] }
        return (bytes, lines)
    }

    @Test func numbersAreBorrowedFromTheArchiveItself() throws {
        let (bytes, _) = try archive()
        let zip = try ZipArchive(Bytes(bytes))
        let record = try #require(zip["a.npy"])
        let content = try zip.bytes(of: record)
        #expect(content.count == 128 + 8)
        // The writer aligns every record, and NumPy's header keeps the alignment.
        content.withUnsafeBytes { #expect(Int(bitPattern: $0.baseAddress) % 64 == 0) }
    }

    @Test(arguments: [
        (8, 1, "encrypted"), (10, 12, "method 12"), (20, 1, "sizes differ"), (27, 0x7f, "sizes differ"),
        (46, 0x62, "twice"), (42, 1, "not where the directory says"), (16, 0x55, "checksum"),
    ])
    func aDirectoryThatLiesIsRefused(field: Int, value: UInt8, reason: String) throws {
        var (bytes, lines) = try archive()
        bytes[lines[0] + field] = value
        let error = try #require(try fault(bytes))
        #expect(error.description.contains(reason), "\(error)")
    }

    @Test func aClaimThatNoDeflateCouldKeepIsRefusedBeforeMemoryIsTaken() throws {
        var (bytes, lines) = try archive()
        bytes[lines[0] + 10] = 8
        bytes[lines[0] + 27] = 0x7f
        #expect(try fault(bytes)?.description.contains("claims") == true)
    }

    @Test func recordsOfAnotherProgramAreNamedAsSuch() throws {
        var (bytes, lines) = try archive()
        bytes[lines[0] + 46 + 4] = UInt8(ascii: "x")
        #expect(try fault(bytes)?.description.contains("neither data.pkl nor arrays") == true)
    }
}
