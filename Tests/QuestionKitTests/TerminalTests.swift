import Testing

@testable import QuestionKit

@Suite struct TerminalTests {
    @Test func controlCharactersAreMadeVisible() {
        #expect(Terminal.printable("a\u{1B}[31m\n\t\u{9B}b") == "a\\u{1B}[31m\\u{A}\\u{9}\\u{9B}b")
        // A mark that turns the direction of what follows is no letter either.
        #expect(Terminal.printable("\u{202E}x") == "\\u{202E}x")
        #expect(Terminal.printable("façade 虎 🐯") == "façade 虎 🐯")
    }

    @Test func longTextsEndInAnEllipsis() {
        #expect(Terminal.printable(String(repeating: "a", count: 10), limit: 4) == "aaaa…")
        #expect(Terminal.printable("aaaa", limit: 4) == "aaaa")
    }
}
