import DirectionStore
import Foundation
import Relevance
import RelevanceDatabase
import Tensors
import TestSupport
import Testing

@Suite struct RelevanceDatabaseTests {
    let folder: TemporaryFolder
    let path: String
    let text: TextDirection

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("toy")
        text = try TextDirection([0.5, -1, 0.25, 0, 2, 0.125])
        _ = try DatabaseBuilder(toyRequest(path), subject: ToySubject()).run()
    }

    @Test func relevanceOverTheMapIsThatOfTheTable() throws {
        let database = try RelevanceDatabase(path: path)
        #expect(try database.relevance(to: text) == database.table().relevance(to: text))
        #expect(try database.standardErrors(along: text).count == 8)
        let direction = try database.direction(for: text, threshold: 0)
        #expect(direction.change.count == 10)
        #expect(direction.change[5] == 0 && direction.change[6] == 0, "toRGB styles are never changed")
    }

    @Test func someRowsErrorsAreThoseOfAll() throws {
        let database = try RelevanceDatabase(path: path)
        let all = try #require(try database.spread()).standardErrors(along: text)
        #expect(try database.standardErrors(along: text, of: [7, 0, 3]) == [all[7], all[0], all[3]])
        #expect(throws: RelevanceError.self) { try database.standardErrors(along: text, of: [8]) }
        let table = try database.table()
        #expect(try database.row(3) == Array(table.rows.values[18..<24]))
        #expect(throws: RelevanceError.self) { try database.row(-1) }
    }

    @Test func confidenceLeavesOutThoseWhoseErrorReachesUnderTheThreshold() throws {
        let database = try RelevanceDatabase(path: path)
        let relevance = try database.relevance(to: text)
        let errors = try database.standardErrors(along: text)
        let order = relevance.indices.sorted { abs(relevance[$0]) > abs(relevance[$1]) }
        let threshold = abs(relevance[order[5]])
        let direction = try database.direction(
            for: text, ChannelChoice(.threshold(threshold), confidence: 0.9))
        // 1.38303 is the 90 % point of Student's distribution with the 9 degrees of freedom that 10 groups have.
        let expected = order.prefix(6).filter { abs(relevance[$0]) - 1.38303 * errors[$0] >= threshold }
        #expect(direction.kept == expected && (1..<6).contains(expected.count))
        for row in relevance.indices where !expected.contains(row) {
            #expect(direction.change[database.channels.positions[row]] == 0)
        }
        #expect(throws: RelevanceError.self) {
            try database.direction(for: text, ChannelChoice(.count(1), confidence: 0.9))
        }
    }

    @Test func wordListsAndSavedDirectionsAreKeptByName() throws {
        let database = try RelevanceDatabase(path: path, keepsText: true)
        let list = EmbeddedWordList(name: "animals", neutral: "animal", words: ["cat", "dog"], ensemble: "e")
        for name in ["old", "animals"] {
            try database.keep(
                EmbeddedWordList(name: name, neutral: "animal", words: [], ensemble: ""),
                embeddings: [text.values])
        }
        try database.keep(list, embeddings: [text.values, text.values, text.values])
        #expect(
            try database.vocabulary().first == list
                && database.vocabulary().map(\.name) == ["animals", "old"])
        let recipe = SavedRecipe(
            name: "a/b", recipe: DirectionRecipe(phrase: "cat", neutral: "animal", without: ["dog"]),
            beta: 0.1,
            confidence: nil, alpha: 4, lowAlpha: -4, highAlpha: 4, kept: 3, note: "")
        try database.save(recipe)
        #expect(try database.savedRecipes() == [recipe])
        try database.removeSaved("a/b")
        try database.removeSaved("a/b")
        #expect(try database.savedRecipes().isEmpty)
        try DirectionStore.openOrCreate(path: path).write {
            try $0.put(bytes: Array("{".utf8), for: "vocabulary/bad", in: .manifest)
        }
        #expect(throws: DatabaseError.self) { try database.vocabulary() }
    }

    @Test func aTextOfAnotherWidthIsRefused() throws {
        let database = try RelevanceDatabase(path: path)
        #expect(throws: RelevanceError.self) { try database.relevance(to: TextDirection([1, 2, 3, 4, 5])) }
    }

    @Test func embeddingsAreKeptForThePhraseAndEnsembleThatTheyAreFor() throws {
        let key = TextKey(phrase: "tiger", ensemble: "abc")
        let tooLong = TextKey(phrase: String(repeating: "long", count: 200), ensemble: "")
        do {
            let database = try RelevanceDatabase(path: path, keepsText: true)
            #expect(try database.embedding(key) == nil)
            try database.keep([(key, text.values), (tooLong, text.values)])
        }
        let database = try RelevanceDatabase(path: path)
        #expect(try database.embedding(key) == text.values)
        for other in [
            TextKey(phrase: "tige", ensemble: "rabc"), TextKey(phrase: "tiger", ensemble: "abd"),
            TextKey(phrase: "tiger|abc", ensemble: ""), tooLong,
        ] {
            #expect(try database.embedding(other) == nil)
        }
        // Opened for reading only: does nothing.
        try database.keep([(TextKey(phrase: "lion", ensemble: "abc"), text.values)])
        #expect(try database.embedding(TextKey(phrase: "lion", ensemble: "abc")) == nil)
    }

    @Test func atTheLimitPhrasesMakeRoomThatNoWordListHolds() throws {
        let database = try RelevanceDatabase(path: path, keepsText: true)
        func key(_ phrase: String) -> TextKey { TextKey(phrase: phrase, ensemble: "e") }
        try database.keep(
            EmbeddedWordList(name: "cats", neutral: "animal", words: ["cat"], ensemble: "e"),
            embeddings: [text.values, text.values])
        let beginnings = RelevanceDatabase.KeptBeginnings(
            tokens: [7], parents: [-1], memory: Tensor([1, 2, 3]))
        try database.keep(beginnings, ofEnsemble: "e")
        try database.keep([(key("old"), text.values)], limit: 6)
        #expect(try database.embedding(key("old")) != nil)
        try database.keep([(key("new"), text.values), (key("newer"), text.values)], limit: 6)
        #expect(try database.embedding(key("old")) == nil)
        for phrase in ["animal", "cat", "new"] { #expect(try database.embedding(key(phrase)) != nil) }
        #expect(try database.beginnings(ofEnsemble: "e")?.memory == beginnings.memory)
        // More than is wanted anyway: as many as there is room for.
        try database.keep((0..<9).map { (key("\($0)"), text.values) }, limit: 6)
        #expect(try (0..<9).count { try database.embedding(key("\($0)")) != nil } == 2)
    }

    @Test func aWordListIsKeptWholeHoweverManyPhrasesThereAre() throws {
        let database = try RelevanceDatabase(path: path, keepsText: true)
        func key(_ phrase: String) -> TextKey { TextKey(phrase: phrase, ensemble: "e") }
        func keep(_ name: String, _ words: [String]) throws {
            try database.keep(
                EmbeddedWordList(name: name, neutral: "animal", words: words, ensemble: "e"),
                embeddings: [[Float]](repeating: text.values, count: 1 + words.count), limit: 6)
        }
        // Cached before, as a query caches it, and forgotten to make room but for the list.
        try database.keep(["animal", "old"].map { (key($0), text.values) }, limit: 6)
        let words = (0..<9).map { "word \($0)" }
        try keep("words", words)
        try keep("others", ["cat", "dog"])
        for phrase in ["animal", "cat", "dog"] + words {
            #expect(try database.embedding(key(phrase)) != nil, "\(phrase)")
        }
        #expect(try database.embedding(key("old")) == nil)
        let long = String(repeating: "long", count: 200)
        #expect(throws: DatabaseError.self) { try keep("long", [long]) }
        #expect(try database.vocabulary().map(\.name) == ["others", "words"])
    }

    @Test func beginningsAreKeptForAFewEnsembles() throws {
        let database = try RelevanceDatabase(path: path, keepsText: true)
        for number in 0..<9 {
            let kept = RelevanceDatabase.KeptBeginnings(
                tokens: [number, 3], parents: [-1, 0], memory: Tensor([Float(number)]))
            try database.keep(kept, ofEnsemble: "\(number)")
            let found = try #require(try database.beginnings(ofEnsemble: "\(number)"))
            #expect(found.tokens == kept.tokens && found.parents == kept.parents)
            #expect(found.memory == kept.memory)
        }
        #expect(try (0..<9).count { try database.beginnings(ofEnsemble: "\($0)") != nil } <= 4)
    }

    @Test func aFilesFingerprintIsKnownUntilTheFileChanges() throws {
        let file = folder.file("weights")
        try Data("weights".utf8).write(to: URL(fileURLWithPath: file))
        let database = try RelevanceDatabase(path: path, keepsText: true)
        let fresh = try #require(FileFacts(path: file))
        try database.keep(fingerprint: "abc", of: fresh)
        #expect(
            try database.fingerprint(of: fresh) == nil,
            "a file that was changed just now may change again unseen")

        let old = ["/bin/sh", "/usr/bin/env"].compactMap { FileFacts(path: $0) }
        try #require(old.count == 2)
        try database.keep(fingerprint: "abc", of: old[0])
        #expect(try database.fingerprint(of: old[0]) == "abc")
        #expect(try database.fingerprint(of: old[1]) == nil)
        #expect(FileFacts(path: folder.path) == nil && FileFacts(path: folder.file("none")) == nil)
    }

    @Test func whatIsNoDatabaseIsNamedSo() throws {
        let nothing = folder.file("nothing")
        #expect(throws: StoreError.missing(path: nothing)) { try RelevanceDatabase(path: nothing) }
        _ = try DirectionStore.openOrCreate(path: nothing)
        #expect(throws: StoreError.missing(path: nothing)) { try RelevanceDatabase(path: nothing) }
    }

    /// Values are damaged one at a time, as only whoever writes through LMDB can.
    @Test(arguments: [
        (Table.manifest, "manifest"), (.relevance, "table"), (.spread, "b8.conv0/factors"),
        (.spread, "b8.conv0/steps"), (.statistics, "mean"),
        (.statistics, "deviation"),
    ])
    func aDatabaseWithADamagedValueIsRefused(_ table: Table, _ key: String) throws {
        for bytes in [[], [1, 2, 3], [UInt8](repeating: 0xff, count: 4096)] {
            try DirectionStore.openOrCreate(path: path).write {
                try $0.put(bytes: bytes, for: key, in: table)
            }
            #expect(throws: (any Error).self) { try RelevanceDatabase(path: path) }
        }
        try DirectionStore.openOrCreate(path: path).write { try $0.remove(key, from: table) }
        #expect(throws: (any Error).self) { try RelevanceDatabase(path: path) }
    }

    @Test(arguments: [
        "b4.torgb/0000000", "b4.conv1/x", "b4.conv1", "b4.conv1/0000001", "b4.conv1/-1", "nothing/0000000",
    ])
    func doneWorkThatCannotBeIsRefused(_ key: String) throws {
        try DirectionStore.openOrCreate(path: path).write { try $0.put([3] as [Int64], for: key, in: .done) }
        #expect(throws: DatabaseError.self) {
            try DatabaseBuilder(toyRequest(path, pairs: 20), subject: ToySubject()).run()
        }
    }
}
