import Foundation
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct WholeFileTests {
    @Test func aFileIsReplacedAndNothingElseIsLeft() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("file")
        try WholeFile.write(path: path, contents: "first".utf8)
        try WholeFile.write(path: path, contents: "second".utf8)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }

    @Test func whatStoodThereStaysWhereWritingFails() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("file")
        try WholeFile.write(path: path, contents: "first".utf8)
        #expect(throws: CheckpointError.empty(path: "reason")) {
            try WholeFile.write(path: path) { file throws(CheckpointError) in
                try file.append(Array("half".utf8))
                throw .empty(path: "reason")
            }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }

    @Test func onlyAFileIsReplaced() throws {
        let folder = try TemporaryFolder()
        #expect(throws: CheckpointError.directory(path: folder.path)) {
            try WholeFile.write(path: folder.path, contents: [])
        }
        #expect(throws: CheckpointError.special(path: "/dev/null")) {
            try WholeFile.write(path: "/dev/null", contents: [])
        }
        let nowhere = folder.file("absent/file")
        #expect {
            try WholeFile.write(path: nowhere, contents: [])
        } throws: {
            guard case CheckpointError.uncreatable(nowhere, _) = $0 else { return false }
            return true
        }
    }

    @Test(arguments: [0o600, 0o640, 0o755] as [mode_t]) func aFileKeepsItsMode(mode: mode_t) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("file")
        try WholeFile.write(path: path, contents: "first".utf8)
        #expect(chmod(path, mode) == 0)
        try WholeFile.write(path: path, contents: "second".utf8)
        var facts = stat()
        #expect(stat(path, &facts) == 0 && facts.st_mode & 0o7777 == mode)
    }

    @Test func aLinkToWhatIsNotThereStaysOne() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("first"), withDestinationPath: "second")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("second"), withDestinationPath: folder.file("file"))
        try WholeFile.write(path: folder.file("first"), contents: "text".utf8)
        #expect(try String(contentsOfFile: folder.file("file"), encoding: .utf8) == "text")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("first")) == "second")

        try FileManager.default.createSymbolicLink(
            atPath: folder.file("circle"), withDestinationPath: "circle")
        #expect(throws: CheckpointError.self) {
            try WholeFile.write(path: folder.file("circle"), contents: [])
        }
    }

    @Test func aLinkStaysALink() throws {
        let folder = try TemporaryFolder()
        try WholeFile.write(path: folder.file("file"), contents: "first".utf8)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: folder.file("file"))
        try WholeFile.write(path: folder.file("link"), contents: "second".utf8)
        #expect(try String(contentsOfFile: folder.file("file"), encoding: .utf8) == "second")
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")).hasSuffix("file"))
    }
}
