import Foundation
import TestSupport
import Testing

@testable import QuestionKit

@Suite struct OutputFileTests {
    @Test(arguments: [
        ("Tiger", "tiger.npz"), ("curly  hair!", "curly-hair.npz"), ("../../etc/passwd", "etc-passwd.npz"),
        (".hidden", "hidden.npz"), ("-rf *", "rf.npz"), ("🐯", "direction.npz"), ("Häs’chen", "häs-chen.npz"),
    ])
    func aPhraseNamesAFileAndNothingElse(phrase: String, name: String) {
        #expect(OutputFile.name(for: phrase, ending: "npz") == name)
    }

    @Test func aLongPhraseMakesAShortName() {
        #expect(OutputFile.name(for: String(repeating: "a", count: 9999), ending: "png").count == 64)
    }

    @Test func onlyAFileInAFolderThatIsThereCanBeWritten() throws {
        let folder = try TemporaryFolder()
        #expect(throws: Never.self) { try OutputFile.require(folder.file("new")) }
        for path in ["", folder.path, folder.file("none/new"), "/dev/full"] {
            #expect(throws: OptionError.self) { try OutputFile.require(path) }
        }
    }
}
