import Foundation
import TestSupport
import Testing
import Vocabulary

@Suite struct WordListTests {
    @Test func everyEmbeddedListIsRead() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("vocab/words").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(WordList.embedded.map { $0.name + ".txt" } == files)
        for list in WordList.embedded {
            #expect(try WordList.load(path: folder + "/" + list.name + ".txt") == list)
            #expect(!list.words.contains(list.neutral))
        }
    }

    @Test func animalsAreComparedWithAnAnimal() throws {
        let animals = try WordList.named("animals")
        #expect(animals.neutral == "animal")
        #expect(animals.words.contains("tiger"))
    }

    @Test func unknownListNamesTheKnown() {
        #expect { try WordList.named("boats") } throws: { "\($0)".contains("animals") }
    }

    @Test(arguments: [
        "", "# nothing\n", "tiger\n", "neutral:\ntiger", "neutral: animal\n", "neutral: animal\ncat\ncat",
    ])
    func malformedListIsRefused(text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("list.txt")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect { try WordList.load(path: path) } throws: { "\($0)".contains(path) }
    }

    @Test func aPipeIsRefusedForWhatItIs() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        for path in [path, "/dev/null"] {
            #expect { try Templates.load(path: path) } throws: { "\($0)".contains("a pipe or device") }
        }
    }

    @Test func aMarkOfByteOrderIsNoPartOfALineAndOtherEncodingsAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("list.txt")
        try Data([0xef, 0xbb, 0xbf] + Array("neutral: animal\ncat\n".utf8)).write(
            to: URL(fileURLWithPath: path))
        #expect(try WordList.load(path: path).neutral == "animal")
        // Latin-1's é.
        try Data(Array("neutral: food\ncaf".utf8) + [0xe9, 0x0a]).write(to: URL(fileURLWithPath: path))
        #expect { try WordList.load(path: path) } throws: {
            "\($0)".contains("line 2") && "\($0)".contains("UTF-8")
        }
    }

    @Test func missingFilesAreNamed() {
        #expect { try Templates.load(path: "/nowhere/x.txt") } throws: { "\($0)".contains("/nowhere/x.txt") }
        #expect(throws: VocabularyError.self) { try WordList.load(path: "/") }
    }

    @Test func templatesWithoutAPlaceAreNamedByLine() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("templates.txt")
        try "# mine\na {}\n\na photo\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect { try Templates.load(path: path) } throws: { "\($0)".contains("line 4") }
    }
}
