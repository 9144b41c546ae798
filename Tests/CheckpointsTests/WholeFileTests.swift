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
        #expect(throws: CheckpointError.self) { try WholeFile.write(path: nowhere, contents: []) }
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
