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

    @Test func embeddedTemplatesHoldTheMethodsFour() {
        let texts = Templates.default.map(\.text)
        #expect(texts.count >= 60)
        #expect(Set(texts).count == texts.count)
        for published in [
            "a photo of a {}", "a cropped photo of the {}", "a clear photo of a {}", "a picture of a {}",
        ] {
            #expect(texts.contains(published))
        }
    }
}
