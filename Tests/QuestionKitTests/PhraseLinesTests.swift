import Foundation
import TestSupport
import Testing

@testable import QuestionKit

@Suite struct PhraseLinesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func lines(of bytes: [UInt8]) throws -> PhraseLines {
        let path = folder.file("phrases")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try PhraseLines(path: path)
    }

    @Test func linesComeInOrderWithoutTheEmptyOnes() throws {
        var lines = try lines(of: Array("tiger\n\n  a lion \r\n \n😀\n!!!".utf8))
        defer { lines.end() }
        var found: [String] = []
        while let block = try lines.next() { found += block }
        #expect(found == ["tiger", "a lion", "😀", "!!!"])
        #expect(try lines.next() == nil)
    }

    @Test func aLongFileComesInBlocks() throws {
        let words = (0..<1500).map { "word \($0)" }
        var lines = try lines(of: Array(words.joined(separator: "\n").utf8))
        defer { lines.end() }
        var found: [String] = []
        while let block = try lines.next() {
            #expect((1...512).contains(block.count))
            found += block
        }
        #expect(found == words)
    }

    @Test func bytesThatAreNoTextAreNamedWithTheirPlaceAfterTheLinesBefore() throws {
        var lines = try lines(of: Array("tiger\nlé".utf8) + [0xff] + Array("on\nbear\n".utf8))
        defer { lines.end() }
        #expect(try lines.next() == ["tiger"])
        for _ in 0..<2 {
            #expect {
                try lines.next()
            } throws: {
                "\($0)".contains("line 2: byte 4 of the line, at offset 9, is not UTF-8")
            }
        }
    }

    @Test func aZeroByteIsNamedWithItsPlace() throws {
        var lines = try lines(of: Array("tiger\ncat\0dog\nlion\n".utf8))
        defer { lines.end() }
        #expect(try lines.next() == ["tiger"])
        #expect {
            try lines.next()
        } throws: {
            "\($0)".contains("line 2: byte 4 of the line, at offset 9, is zero")
        }
    }

    @Test func aByteOrderMarkIsNoPartOfTheFirstPhraseAndWhatShowsNothingIsNone() throws {
        var lines = try lines(of: [0xef, 0xbb, 0xbf] + Array("tiger\n\u{200b}\nlion\n".utf8))
        defer { lines.end() }
        #expect(try lines.next() == ["tiger", "lion"])
    }

    @Test func aFileThatIsNotThereIsNamed() {
        #expect(throws: OptionError.self) { try PhraseLines(path: folder.file("none")) }
    }
}
