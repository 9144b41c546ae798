import Foundation
import Testing
import Vocabulary

@Suite struct TemplateTests {
    @Test(arguments: [
        ("tiger", "a photo of a tiger"),
        ("old dog", "a photo of an old dog"),
        ("unicorn", "a photo of a unicorn"),
        ("hourglass", "a photo of an hourglass"),
        ("uninteresting face", "a photo of an uninteresting face"),
        ("glasses", "a photo of glasses"),
        ("face with glasses", "a photo of a face with glasses"),
        ("blue eyes", "a photo of blue eyes"),
        ("dress", "a photo of a dress"),
        ("the lion", "a photo of the lion"),
        ("a lion", "a photo of a lion"),
        ("two cats", "a photo of two cats"),
        ("Émile", "a photo of an Émile"),
        ("one-eyed cat", "a photo of a one-eyed cat"), ("once-loved toy", "a photo of a once-loved toy"),
        ("onerous task", "a photo of an onerous task"), ("ukulele", "a photo of a ukulele"),
        ("8-year-old child", "a photo of an 8-year-old child"), ("80s car", "a photo of an 80s car"),
        ("11th hour", "a photo of an 11th hour"), ("18-wheeler", "a photo of an 18-wheeler"),
        ("1-year-old child", "a photo of a 1-year-old child"), ("180 turn", "a photo of a 180 turn"),
        ("with glasses", "a photo of with glasses"), ("in the rain", "a photo of in the rain"),
        ("", "a photo of a "),
        ("{}", "a photo of a {}"),
    ])
    func articleFitsThePhrase(phrase: String, sentence: String) throws {
        #expect(try Template("a photo of a {}")(phrase) == sentence)
    }

    @Test func definiteArticleStaysBeforePlurals() throws {
        #expect(try Template("a photo of the {}.")("blue eyes") == "a photo of the blue eyes.")
        #expect(try Template("A {}")("owl") == "An owl")
        #expect(try Template("extra {} extra")("owl") == "extra owl extra")
        #expect(try Template("{}")("owl") == "owl")
    }

    @Test(arguments: [
        "a photo of a {}", "An {} and more", "the {}.", "seen: {}", "un{}", "a photo of un{}", "{}",
    ])
    func sentencesGoOnFromABeginning(text: String) throws {
        let template = try Template(text)
        for phrase in ["tiger", "owl"] {
            let sentence = template(phrase).lowercased()
            #expect(template.beginnings.contains { $0.isEmpty || sentence.hasPrefix($0.lowercased() + " ") })
        }
        #expect(try Template("a photo of un{}").beginnings == ["a photo of"])
        #expect(try Template("a photo of an {}").beginnings == ["a photo of a", "a photo of an"])
    }

    @Test(arguments: ["a photo", "{} and {}", "", "{ }"])
    func templateNeedsOnePlace(text: String) {
        #expect(throws: VocabularyError.self) { try Template(text) }
    }

    @Test func thePublishedTemplatesAreReadFromTheirFile() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let templates = try Templates.load(path: folder + "/vocab/imagenet-templates.txt")
        #expect(Set(templates.map(\.text)).count == 79)
    }

    @Test func embeddedTemplatesDifferAndBeginWithFour() {
        let texts = Templates.default.map(\.text)
        #expect(texts.count >= 60)
        #expect(Set(texts).count == texts.count)
        #expect(
            Array(texts.prefix(4)) == [
                "a photo of a {}", "a cropped photo of the {}", "a clear photo of a {}", "a picture of a {}",
            ])
    }
}
