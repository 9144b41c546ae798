import Foundation
import TestSupport
import Testing

@testable import CLIP

@Suite struct TokenizerTests {
    private struct Case: Decodable {
        let text: String
        let ids: [Int]
    }

    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    private static func open() throws -> Tokenizer {
        try .open(path: fixtures.appendingPathComponent("merges.txt").path)
    }

    @Test func awkwardTextsHaveTheTokensOfThePublishedWay() throws {
        let tokenizer = try Self.open()
        let cases = try JSONDecoder().decode(
            [Case].self, from: Data(contentsOf: Self.fixtures.appendingPathComponent("tokens.json")))
        #expect(cases.count > 350)
        for example in cases {
            #expect(tokenizer.tokens(of: example.text) == example.ids, "\(example.text.debugDescription)")
        }
    }

    @Test(.enabled(if: Conformance.isPresent)) func openAIsVocabularyGivesItsTokens() throws {
        let tokenizer = try Tokenizer.open(path: Conformance.path("clip-bpe/bpe_simple_vocab_16e6.txt.gz"))
        #expect(tokenizer.vocabularySize == 49_408)
        let lines = try String(contentsOfFile: Conformance.path("clip-bpe/tokens.jsonl"), encoding: .utf8)
        for line in lines.split(separator: "\n") {
            let example = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
            #expect(tokenizer.tokens(of: example.text) == example.ids, "\(example.text)")
        }
    }

    @Test func vocabularyFollowsFromTheMerges() throws {
        let tokenizer = try Tokenizer(merges: Array("#version: 0.2\na b\nab c</w>\n".utf8))
        #expect(tokenizer.vocabularySize == 516)
        #expect(tokenizer.startMark == 514 && tokenizer.endMark == 515)
        #expect(tokenizer.tokens(of: "abc AB") == [513, 64, 256 + 65])
        let smaller = try Tokenizer(merges: Array("a b\nab c</w>\n".utf8), vocabularySize: 515)
        #expect(smaller.vocabularySize == 515)
        #expect(smaller.tokens(of: "abc") == [512, 256 + 66])
    }

    @Test func aFileTooLargeForMergesIsNotRead() throws {
        let folder = try TemporaryFolder()
        for beginning in ["a b\n", "{", "\u{1f}"] {
            try Data(beginning.utf8).write(to: URL(fileURLWithPath: folder.file("merges")))
            #expect(truncate(folder.file("merges"), 65 << 20) == 0)
            let peak = peakAllocation {
                #expect { try Tokenizer.open(path: folder.file("merges")) } throws: {
                    "\($0)".contains("more than 64 MiB")
                }
            }
            #expect(peak < 1 << 20)
        }
    }

    @Test(arguments: [
        ("dog’s", "dog's"), ("cafe\u{301}", "café"), ("ﬁerce", "fierce"), ("ＡＢ", "AB"), ("a\u{7}b", "ab"),
        ("“a”", "\"a\""),
    ])
    func aTextIsMendedBeforeItIsCut(text: String, mended: String) throws {
        let tokenizer = try Self.open()
        #expect(tokenizer.tokens(of: text) == tokenizer.tokens(of: mended))
    }

    /// References within references, as deep as half a million characters let them be, and as many marks on one letter.
    @Test(arguments: ["&amp;", "amp;", "&#38;", "&#xff06;", "&amp", "\u{1b}[", "&", "\u{301}\u{323}"])
    func hostileTextsDoNotTakeQuadraticTime(part: String) throws {
        let tokenizer = try Tokenizer(merges: Array("a b\n".utf8))
        var start = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
        _ = tokenizer.tokens(of: "&" + String(repeating: part, count: 500_000 / part.unicodeScalars.count))
        var end = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
        #expect(end.tv_sec - start.tv_sec < 8)
    }

    @Test func longWordsDoNotTakeQuadraticTime() throws {
        let tokenizer = try Tokenizer(merges: Array("a a\naa aa\naaaa aaaa\naaaaaaaa a</w>\n".utf8))
        // Half a million characters: a loop over all pairs for every merge would take hours.
        let tokens = tokenizer.tokens(of: String(repeating: "a", count: 500_001))
        #expect(tokens.count == 500_000 / 8)
        #expect(tokens.last == 512 + 3)
    }

    @Test func textsBeyondTheContextAreRefused() throws {
        let tokenizer = try Self.open()
        #expect(try tokenizer.tokens(of: "1 2 3", contextLength: 5).count == 5)
        #expect(throws: TokenizerError.tooLong(text: "1 2 3 4", tokens: 6, limit: 5)) {
            try tokenizer.tokens(of: "1 2 3 4", contextLength: 5)
        }
    }

    @Test(arguments: ["a b\na\n", "a b c\n", "ab c\n", "a</w> b\n", "\u{1}\u{2} a\n"])
    func linesThatAreNoMergesAreNamed(text: String) {
        #expect { try Tokenizer(merges: Array(text.utf8), path: "m.txt") } throws: {
            "\($0)".hasPrefix("m.txt, line ")
        }
    }

    @Test(arguments: [517, 0, -1, Int.min, Int.max])
    func aVocabularyThatTheMergesDoNotFillIsRefused(size: Int) {
        #expect(
            throws: TokenizerError.vocabulary(path: "merges", found: size < 514 ? 514 : 516, expected: size)
        ) {
            try Tokenizer(merges: Array("a b\nab c</w>\n".utf8), vocabularySize: size)
        }
    }

    @Test(.enabled(if: Conformance.isPresent)) func damagedCompressionIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("merges.txt.gz")
        let whole = try Data(
            contentsOf: URL(fileURLWithPath: Conformance.path("clip-bpe/bpe_simple_vocab_16e6.txt.gz")))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
        #expect { try Tokenizer.open(path: path) } throws: { "\($0)".contains("cut short") }
        var damaged = whole
        damaged[whole.count / 2] ^= 0x55
        try damaged.write(to: URL(fileURLWithPath: path))
        #expect(throws: TokenizerError.self) { try Tokenizer.open(path: path) }
        #expect(throws: TokenizerError.self) { try Tokenizer.open(path: folder.file("missing")) }
    }
}
