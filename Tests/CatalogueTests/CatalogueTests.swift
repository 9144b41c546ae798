import Catalogue
import Foundation
import GRDB
import TestSupport
import Testing

@Suite struct CatalogueTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/catalogue.sqlite"
    }

    /// A record, with a folder of that name that looks like a database's.
    private func record(_ name: String, pairs: Int = 100) throws -> DatabaseRecord {
        try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
        try Data([0]).write(to: URL(fileURLWithPath: folder.file(name) + "/data.mdb"))
        return DatabaseRecord(
            identity: UUID(), folder: name, generatorName: "faces.pkl", generatorFingerprint: "0f",
            clipName: "clip",
            clipFingerprint: "1e", settings: "{}", channels: 6048, dimension: 512, pairs: pairs,
            neutral: "face",
            toolVersion: "1", built: Date(timeIntervalSince1970: 1_700_000_000))
    }

    private func direction(_ name: String, _ phrase: String, _ database: UUID? = nil) -> SavedDirection {
        SavedDirection(
            name: name, phrase: phrase, neutral: "face", threshold: 0.12, strength: 4, note: "for the poster",
            database: database, saved: Date(timeIntervalSince1970: 1_700_000_000))
    }

    // MARK: Databases

    @Test func whatIsRecordedIsKnownToTheNextOpening() throws {
        let (cats, dogs) = (try record("cats"), try record("dogs"))
        try Catalogue(folder: folder.path).record(dogs)
        try Catalogue(folder: folder.path).record(cats)
        let catalogue = try Catalogue(folder: folder.path, isReadOnly: true)
        #expect(try catalogue.databases() == [cats, dogs])
        #expect(try catalogue.database(in: "dogs") == dogs)
        #expect(try catalogue.database(in: "birds") == nil)
    }

    @Test func aGrownDatabaseIsUpdatedAndARebuiltOneTakesItsFoldersPlace() throws {
        let catalogue = try Catalogue(folder: folder.path)
        var cats = try record("cats")
        try catalogue.record(cats)
        cats.pairs = 200
        try catalogue.record(cats)
        #expect(try catalogue.databases() == [cats])
        let rebuilt = try record("cats")
        try catalogue.record(rebuilt)
        #expect(try catalogue.databases() == [rebuilt])
    }

    @Test func aDeletedDatabaseIsNotListedAndItsDirectionsStay() throws {
        let catalogue = try Catalogue(folder: folder.path)
        let (cats, dogs) = (try record("cats"), try record("dogs"))
        for database in [cats, dogs] { try catalogue.record(database) }
        try catalogue.save(direction("striped", "tiger", cats.identity))
        try FileManager.default.removeItem(atPath: folder.file("cats"))
        #expect(try catalogue.databases() == [dogs])
        #expect(try catalogue.forgetMissing() == [cats])
        #expect(try catalogue.forgetMissing() == [])
        let kept = try #require(try catalogue.direction(named: "striped"))
        #expect(kept.phrase == "tiger" && kept.database == nil)
    }

    @Test func aLostCatalogueIsMadeAnewFromTheManifests() throws {
        let (cats, dogs) = (try record("cats"), try record("dogs"))
        do {
            let catalogue = try Catalogue(folder: folder.path)
            try catalogue.record(try record("old"))
            try catalogue.reconcile(with: [cats, dogs])
            #expect(try catalogue.databases() == [cats, dogs])
        }
        try FileManager.default.removeItem(atPath: path)
        let catalogue = try Catalogue(folder: folder.path)
        #expect(try catalogue.databases() == [])
        try catalogue.reconcile(with: [dogs, cats])
        #expect(try catalogue.databases() == [cats, dogs])
    }

    // MARK: Directions

    @Test func aDirectionIsFoundByTheBeginningsOfItsWords() throws {
        let catalogue = try Catalogue(folder: folder.path)
        try catalogue.save(direction("striped cat", "a tiger in the snow"))
        try catalogue.save(direction("spotted cat", "a leopard"))
        #expect(try catalogue.directions(matching: "TIG").map(\.name) == ["striped cat"])
        #expect(try catalogue.directions(matching: "cat snow").map(\.name) == ["striped cat"])
        #expect(
            Set(try catalogue.directions(matching: "poster").map(\.name)) == ["striped cat", "spotted cat"])
        #expect(try catalogue.directions(matching: "cat dog") == [])
        #expect(try catalogue.directions().map(\.name) == ["spotted cat", "striped cat"])
    }

    @Test(arguments: [
        "\"", "cat\" OR name:\"", "*", "NEAR(", "a AND", "^", "'; DROP TABLE direction; --", "\u{0}",
    ])
    func aSearchTextIsNeverSyntax(_ text: String) throws {
        let catalogue = try Catalogue(folder: folder.path)
        try catalogue.save(direction("cat", "a tiger"))
        _ = try catalogue.directions(matching: text)
        #expect(try catalogue.directions().count == 1)
    }

    @Test func aNameIsUsedOnceAndTheIndexFollows() throws {
        let catalogue = try Catalogue(folder: folder.path)
        try catalogue.save(direction("cat", "tiger"))
        try catalogue.save(direction("cat", "lion", UUID()))
        #expect(try catalogue.directions(matching: "tiger") == [])
        #expect(try catalogue.directions(matching: "lion").count == 1)
        #expect(try catalogue.removeDirection(named: "cat"))
        #expect(try !catalogue.removeDirection(named: "cat"))
        #expect(try catalogue.directions(matching: "lion") == [])
    }

    // MARK: What is no catalogue

    @Test func aMissingCatalogueIsMadeOnlyToBeWritten() throws {
        #expect(throws: CatalogueError.missing(path: path)) {
            try Catalogue(folder: folder.path, isReadOnly: true)
        }
        _ = try Catalogue(folder: folder.path)
        _ = try Catalogue(folder: folder.path, isReadOnly: true)
    }

    @Test func otherBytesAreNamedDamaged() throws {
        try Data(repeating: 7, count: 5000).write(to: URL(fileURLWithPath: path))
        #expect(throws: CatalogueError.self) { try Catalogue(folder: folder.path) }
    }

    @Test func aLaterVersionsCatalogueIsLeftAlone() throws {
        _ = try Catalogue(folder: folder.path)
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 of the future')") }
        }
        #expect(throws: CatalogueError.newer(path: path)) { try Catalogue(folder: folder.path) }
    }

    @Test func theFirstVersionsCatalogueGainsWhatCameLater() throws {
        let cats = try record("cats")
        try Catalogue(folder: folder.path).record(cats)
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.write { connection in
                try connection.execute(
                    sql: """
                        DROP TABLE label_search; DROP TABLE label; DROP TABLE direction_search; DROP TABLE direction;
                        DELETE FROM grdb_migrations WHERE identifier <> '1 databases';
                        """)
            }
        }
        let catalogue = try Catalogue(folder: folder.path)
        #expect(try catalogue.databases() == [cats])
        try catalogue.save(direction("cat", "tiger", cats.identity))
        #expect(try catalogue.directions(matching: "tiger").first?.database == cats.identity)
    }

    /// What `--rebuild` asks before it decides to make a catalogue anew.
    @Test func damageAnywhereIsFound() throws {
        let cats = try record("cats")
        do {
            let catalogue = try Catalogue(folder: folder.path)
            try catalogue.record(cats)
            try catalogue.save(direction("cat", "tiger", cats.identity))
            let labels = (0..<500).map {
                ChannelLabel(
                    database: cats.identity, layer: "b4.conv1", channel: $0, rank: 1, phrase: "tiger",
                    neutral: "face", relevance: 0.5, error: nil)
            }
            try catalogue.setLabels(labels, of: cats.identity)
            try catalogue.check()
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "UPDATE direction SET plus = 'x'") }
        }
        func isDamaged(_ body: () throws(CatalogueError) -> Void) -> Bool {
            do { try body() } catch { if case .damaged = error { return true } }
            return false
        }
        #expect(
            isDamaged { () throws(CatalogueError) in _ = try Catalogue(folder: folder.path).directions() })
        #expect(isDamaged { () throws(CatalogueError) in try Catalogue(folder: folder.path).check() })
        // A page of the labels alone, which neither databases nor directions are on.
        var bytes = whole
        let row = try #require(bytes.range(of: Data("b4.conv1".utf8), options: .backwards)).lowerBound
        bytes.replaceSubrange(
            row / 4096 * 4096..<row / 4096 * 4096 + 100, with: Data(repeating: 0xee, count: 100))
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(isDamaged { () throws(CatalogueError) in try Catalogue(folder: folder.path).check() })
    }

    @Test func rowsThatNoVersionWroteAreAnError() throws {
        try Catalogue(folder: folder.path).record(try record("cats"))
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "UPDATE database SET pairs = 'many', built = 'never'") }
        }
        #expect(throws: CatalogueError.self) { try Catalogue(folder: folder.path).databases() }
    }
}
