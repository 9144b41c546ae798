import Testing

@testable import QuestionKit

@Suite struct DirectionOptionsTests {
    @Test(
        "A phrase that shows nothing is refused in every option, whatever stands beside it",
        arguments: [
            ["--neutral", " "], ["--plus", ""], ["--neutral", "animal face", "--minus", "\u{200B}"],
            ["--neutral", "animal face", "--plus", "cat", "--without", ""],
        ])
    func emptyPhrases(_ arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try DirectionOptions.parse(arguments) }
        let option = arguments[arguments.count - 2]
        #expect(error.map { DirectionOptions.message(for: $0).contains("\(option) is empty") } == true)
    }

    @Test func `Phrases that show something are taken, emoji and punctuation too`() throws {
        let options = try DirectionOptions.parse(["--neutral", "face", "--plus", "🐯", "--without", "?!"])
        let recipe = options.recipe(phrase: "tiger", neutral: "animal face")
        #expect(recipe.phrases.contains("🐯") && recipe.neutral == "face")
    }

    @Test func `β and a number of channels exclude each other`() {
        #expect(throws: (any Error).self) {
            try DirectionOptions.parse(["--beta", "0.1", "--channels", "20"])
        }
    }
}
