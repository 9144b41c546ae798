import Foundation
import Testing

@testable import QuestionKit

@Suite struct FilePathTests {
    @Test(arguments: ["a.npz", "b/a.tar.gz", "/a", "/x.y/z", "x/.hidden", "a/b/", "noending", "/"])
    func partsAreThoseThatFoundationFinds(path: String) {
        let name = (path as NSString).lastPathComponent as NSString
        #expect(FilePath.stem(path) == name.deletingPathExtension)
        guard !path.hasSuffix("/") else { return }
        #expect(FilePath.folder(of: path) == (path as NSString).deletingLastPathComponent)
    }
}
