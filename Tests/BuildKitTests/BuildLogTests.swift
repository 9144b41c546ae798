import BuildKit
import Logging
import Synchronization
import Testing

@Suite struct BuildLogTests {
    /// What a logger of a level writes.
    private func lines(_ level: Logger.Level, _ body: (inout Logger) -> Void) -> [String] {
        let lines = Lines()
        var logger = Logger(label: "test") { _ in BuildLog(level: level) { line in lines.append(line) } }
        body(&logger)
        return lines.all
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test func anEventIsALineWithItsFactsInOrder() {
        let written = lines(.debug) { logger in
            logger[metadataKey: "part"] = "2/3"
            logger.debug("unit swept", metadata: ["layer": "b16.conv1", "images": "4..<8"])
        }
        #expect(written == ["debug: unit swept images=4..<8 layer=b16.conv1 part=2/3"])
    }

    @Test func whatIsLessImportantThanTheLevelIsNotWritten() {
        let written = lines(.info) { logger in
            logger.debug("a unit")
            logger.info("a stage")
            logger.error("an end")
        }
        #expect(written == ["info: a stage", "error: an end"])
    }

    @Test func controlCharactersAreNeverEchoed() {
        let written = lines(.info) { $0.info("name", metadata: ["path": "a\u{1B}[31mb\nc"]) }
        #expect(written.count == 1)
        #expect(written.allSatisfy { !$0.contains { $0.isNewline || $0 == "\u{1B}" } })
    }
}
