import DirectionStore
import Foundation
import Relevance
import RelevanceDatabase
import Synchronization
import TestSupport
import Testing

@Suite struct DatabaseBuilderTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("toy")
    }

    private func build(_ request: BuildRequest, _ subject: ToySubject = ToySubject()) throws -> BuildOutcome {
        try DatabaseBuilder(request, subject: subject).run()
    }

    private func contents(_ path: String) throws -> [String: [UInt8]] { try toyContents(path) }

    /// The contents of a database that was built without a break.
    private func uninterrupted(pairs: Int = 10) throws -> [String: [UInt8]] {
        let path = folder.file("uninterrupted \(pairs)")
        #expect(try build(toyRequest(path, pairs: pairs)) == .complete(pairs: pairs))
        return try contents(path)
    }

    // MARK: The same bits

    @Test func aBuildIsTheTableOfAllItsPairs() throws {
        #expect(try build(toyRequest(path, pairs: 25)) == .complete(pairs: 25))
        let database = try RelevanceDatabase(path: path)
        #expect(database.manifest.pairsDone == 25)
        #expect(database.channels.positions == [0, 1, 2, 3, 4, 7, 8, 9])
        var sums = ChannelSums(channels: 8, dimension: 6)
        var groups = [ChannelSums](repeating: sums, count: RelevanceSpread.imageGroups)
        let settings = try SweepSettings(seed: 3, statisticsSamples: 2500)
        let worker = try ToySubject().makeWorker(settings: settings)
        for (layer, first) in [(0, 0), (2, 5)] {
            let parts = try worker.sums(layer: layer, images: 0..<25, statistics: database.statistics)
            for (image, part) in parts.enumerated() {
                try sums.merge(part, at: first)
                try groups[image % 10].merge(part, at: first)
            }
        }
        #expect(try database.table().rows == RelevanceTable(sums: sums).rows)
        #expect(try database.spread() == RelevanceSpread(groups: groups))
        var latents = LatentSamples(seed: 3, dimension: 4)
        let moments = try [1000, 1000, 500].map { try StyleMoments(of: worker.styles(of: latents.next($0))) }
        #expect(try database.statistics == StyleStatistics(blocks: moments))
    }

    @Test(arguments: [(1, 1), (2, 3), (4, 3), (3, 4), (2, 100)])
    func workersAndUnitsDoNotShowInTheTable(_ workers: Int, _ imagesPerUnit: Int) throws {
        var request = try toyRequest(path)
        request.workers = workers
        request.imagesPerUnit = imagesPerUnit
        #expect(try build(request) == .complete(pairs: 10))
        #expect(try contents(path) == uninterrupted())
    }

    @Test func aBuildThatIsBrokenOffAnywhereEndsInTheSameBits() throws {
        let expected = try uninterrupted()
        // 3 blocks of samples and 8 units: broken off before each, then twice.
        for steps in 0..<11 {
            let path = folder.file("broken \(steps)")
            var request = try toyRequest(path)
            request.workers = 1 + steps % 2
            #expect(throws: ToySubject.Failure.self) {
                try build(request, ToySubject(stepsBeforeFailure: steps))
            }
            #expect(throws: (any Error).self) {
                try build(request, ToySubject(stepsBeforeFailure: (10 - steps) / 2))
            }
            #expect(throws: DatabaseError.self) { try RelevanceDatabase(path: path) }
            #expect(try build(request) == .complete(pairs: 10))
            #expect(try contents(path) == expected)
        }
    }

    @Test func morePairsLaterAreTheSameAsAllAtOnceAndOnlyTheNewAreComputed() throws {
        _ = try build(toyRequest(path, pairs: 4))
        let subject = ToySubject()
        #expect(try build(toyRequest(path, pairs: 10), subject) == .complete(pairs: 10))
        #expect(
            subject.fuse.record.sorted() == [
                "b4.conv1 4..<6", "b4.conv1 6..<9", "b4.conv1 9..<10", "b8.conv0 4..<6", "b8.conv0 6..<9",
                "b8.conv0 9..<10",
            ])
        #expect(try contents(path) == uninterrupted())
    }

    @Test func theNeutralPhraseStaysUntilAnotherIsGiven() throws {
        _ = try build(toyRequest(path))
        var request = try toyRequest(path)
        request.neutral = "cat"
        _ = try build(request)
        #expect(try RelevanceDatabase(path: path).manifest.neutral == "face")
        request.changesNeutral = true
        _ = try build(request)
        #expect(try RelevanceDatabase(path: path).manifest.neutral == "cat")
    }

    @Test func aCompleteDatabaseIsLeftAsItIs() throws {
        _ = try build(toyRequest(path))
        let subject = ToySubject()
        #expect(try build(toyRequest(path, pairs: 7), subject) == .complete(pairs: 10))
        #expect(subject.fuse.record == [])
        #expect(try contents(path) == uninterrupted())
    }

    @Test func layersThatAreSweptLaterEndInTheSameBitsAndOnlyTheyAreComputed() throws {
        var request = try toyRequest(path)
        request.layers = ["b8.conv0"]
        #expect(try build(request) == .complete(pairs: 10))
        do {
            let partial = try RelevanceDatabase(path: path)
            #expect(partial.manifest.layersDone == ["b8.conv0"])
            #expect(try partial.table().rows.values.prefix(5 * 6).allSatisfy { $0 == 0 })
        }
        let subject = ToySubject()
        #expect(try build(toyRequest(path), subject) == .complete(pairs: 10))
        #expect(subject.fuse.record.count == 4 && subject.fuse.record.allSatisfy { $0.hasPrefix("b4.conv1") })
        #expect(try RelevanceDatabase(path: path).manifest.layersDone == nil)
        #expect(try contents(path) == uninterrupted())
        // Asking for fewer than there are takes none away, and more pairs are of all of them.
        #expect(try build(request) == .complete(pairs: 10))
        #expect(try contents(path) == uninterrupted())
        request.pairs = 12
        #expect(throws: DatabaseError.self) { try build(request) }
    }

    @Test func layersThatAreNotSweptAreRefused() throws {
        for layers in [["b4.torgb"], ["b9.conv0"], []] {
            var request = try toyRequest(path)
            request.layers = layers
            #expect(throws: DatabaseError.self, "\(layers)") { try build(request) }
        }
    }

    // MARK: Half a build

    @Test func cancellingEndsBetweenUnitsAndGoesOnLater() throws {
        let units = Mutex(0)
        var builder: DatabaseBuilder? = try DatabaseBuilder(toyRequest(path), subject: ToySubject())
        let outcome = try builder?.run(
            isCancelled: { units.withLock { $0 } >= 4 },
            progress: { if $0.stage == .sweep, $0.rate > 0 { units.withLock { $0 += 1 } } })
        // Its lock goes with it.
        builder = nil
        #expect(outcome == .interrupted(pairsDone: 6, pairsAsked: 10))
        #expect(throws: DatabaseError.unfinished(path: path, pairsDone: 6, pairsAsked: 10)) {
            try RelevanceDatabase(path: path)
        }
        #expect(try build(toyRequest(path)) == .complete(pairs: 10))
        #expect(try contents(path) == uninterrupted())
    }

    @Test func progressCountsEverySampleAndPair() throws {
        let seen = Mutex<[BuildProgress]>([])
        _ = try DatabaseBuilder(toyRequest(path), subject: ToySubject())
            .run(progress: { step in seen.withLock { $0.append(step) } })
        let steps = seen.withLock { $0 }
        #expect(steps.filter { $0.stage == .statistics }.map(\.done) == [1000, 2000, 2500])
        let sweep = steps.filter { $0.stage == .sweep }
        #expect(sweep.map(\.done) == sweep.map(\.done).sorted())
        #expect(sweep.first?.done == 0 && sweep.last?.done == 80 && sweep.allSatisfy { $0.total == 80 })
    }

    @Test func aGrowingDatabaseAnswersFromWhatItHadAndSaysSo() throws {
        _ = try build(toyRequest(path, pairs: 4))
        let before = try contents(path)["relevance table"]
        #expect(throws: ToySubject.Failure.self) {
            try build(toyRequest(path), ToySubject(stepsBeforeFailure: 2))
        }
        let database = try RelevanceDatabase(path: path)
        #expect(database.manifest.pairsDone == 4 && database.manifest.pairsAsked == 10)
        #expect(try contents(path)["relevance table"] == before)
    }

    /// Wide rows, so that sums and tables are nearly all of the file.
    @Test(arguments: [TableMethod.pairs, .gradient]) func whatIsNeededIsKnownBefore(method: TableMethod)
        throws
    {
        var subject = ToySubject()
        subject.dimension = 12_000
        // A new database, then a growing one, which has a table already.
        for pairs in [13, 26] {
            var request = try toyRequest(path, pairs: pairs)
            request.method = method
            request.verifiedChannels = 0
            let builder = try DatabaseBuilder(request, subject: subject)
            let before = try builder.needs()
            #expect(before.pairs == 8 * 13)
            #expect(before.memory > 1000)
            _ = try builder.run()
            #expect(try builder.needs().pairs == 0)
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/data.mdb")
            let size = try #require(attributes[.size] as? Int)
            #expect(size <= before.disk && before.disk < 2 * size, "\(pairs): \(size) of \(before.disk)")
        }
    }

    @Test func aStoreThatMayNotGrowStopsTheBuildAndKeepsWhatIsDone() throws {
        var subject = ToySubject()
        subject.dimension = 12_000
        let size = DirectionStore.MapSize(initial: 1 << 20, maximum: 1 << 20)
        do {
            let builder = try DatabaseBuilder(toyRequest(path), subject: subject, mapSize: size)
            #expect(throws: StoreError.mapFull(path: path, limit: 1 << 20)) { try builder.run() }
        }
        #expect(try build(toyRequest(path), subject) == .complete(pairs: 10))
    }

    // MARK: Another's database

    @Test func aDatabaseOfAnEarlierVersionAnswersWithoutErrorsAndDoesNotGrow() throws {
        _ = try build(toyRequest(path))
        try makeEarlier(path)
        do {
            let database = try RelevanceDatabase(path: path)
            #expect(!database.hasStandardErrors)
            let text = try TextDirection([1, 2, 3, 4, 5, 6])
            #expect(try database.direction(for: text, threshold: 0).kept.count == 8)
            #expect(throws: RelevanceError.self) {
                try database.direction(for: text, ChannelChoice(.threshold(0), confidence: 0.9))
            }
        }
        #expect(throws: DatabaseError.earlier(path: path)) { try build(toyRequest(path, pairs: 20)) }
        var request = try toyRequest(path)
        request.restart = true
        #expect(try build(request) == .complete(pairs: 10))
        #expect(try RelevanceDatabase(path: path).hasStandardErrors)
    }

    /// Turns a database into what was built before images were summed in groups.
    private func makeEarlier(_ path: String) throws {
        try DirectionStore.openOrCreate(path: path).write { transaction in
            let json = try #require(try transaction.reading.bytes(of: "manifest", in: .manifest))
            var manifest = try #require(
                try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
            manifest["imageGroups"] = nil
            try transaction.put(
                bytes: JSONSerialization.data(withJSONObject: manifest), for: "manifest", in: .manifest)
            try transaction.removeAll(from: .spread)
            try transaction.put([Float](repeating: 1, count: 8 * 6), for: "table", in: .spread)
        }
    }

    @Test func otherWeightsAreRefusedWithBothFingerprints() throws {
        _ = try build(toyRequest(path))
        var request = try toyRequest(path)
        request.generator = WeightsRecord(name: "other", fingerprint: String(repeating: "c", count: 64))
        let error = #expect(throws: DatabaseError.self) { try build(request) }
        let message = try #require(error).description
        #expect(message.contains(String(repeating: "a", count: 64)))
        #expect(message.contains(String(repeating: "c", count: 64)))
    }

    @Test func otherSettingsAreRefusedEachNamed() throws {
        _ = try build(toyRequest(path))
        var request = try toyRequest(path, seed: 4)
        request.precision = "bfloat16"
        #expect(
            throws: DatabaseError.otherSettings(
                path: path,
                differences: ["seed is 3 there and 4 here", "precision is float32 there and bfloat16 here"])
        ) { try build(request) }
    }

    @Test func twoBuildersDoNotShareADatabase() throws {
        let first = try DatabaseBuilder(toyRequest(path), subject: ToySubject())
        let error = #expect(throws: StoreError.self) {
            try DatabaseBuilder(toyRequest(path), subject: ToySubject())
        }
        #expect(
            error?.description.contains("process \(getpid()) on ") == true, "the second is told who holds it")
        _ = try first.run()
    }

    @Test func requestsOutOfRangeAreRefused() throws {
        var request = try toyRequest(path, pairs: 0)
        #expect(throws: DatabaseError.request(name: "pairs", value: 0, needed: "from 1 to 4194304")) {
            try build(request)
        }
        request.pairs = 1
        request.workers = 0
        #expect(throws: DatabaseError.self) { try build(request) }
        #expect(!StoreFolder.mayBeStore(at: path))
    }

    // MARK: Restart

    @Test func aRestartTakesTheOldOnesPlaceOnlyWhenItIsComplete() throws {
        _ = try build(toyRequest(path))
        let old = try contents(path)
        var request = try toyRequest(path, seed: 9)
        request.restart = true
        #expect(throws: ToySubject.Failure.self) { try build(request, ToySubject(stepsBeforeFailure: 6)) }
        #expect(try contents(path) == old)
        let subject = ToySubject()
        #expect(try build(request, subject) == .complete(pairs: 10))
        #expect(
            subject.fuse.record.count == 5,
            "it goes on where the broken restart was: 3 blocks, 3 units are done")
        #expect(try RelevanceDatabase(path: path).manifest.settings.seed == 9)
        #expect(try contents(path) != old)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["toy"])
        #expect(throws: DatabaseError.self) { try build(toyRequest(path)) }
    }

    @Test func aSecondRestartBuildsAnew() throws {
        var request = try toyRequest(path)
        request.restart = true
        #expect(try build(request) == .complete(pairs: 10))
        let subject = ToySubject()
        #expect(try build(request, subject) == .complete(pairs: 10))
        #expect(subject.fuse.record.count == 11)
        #expect(try contents(path) == uninterrupted())
    }

    @Test func theUnfinishedRestartOfOtherSettingsIsNotGoneOnWith() throws {
        _ = try build(toyRequest(path))
        var request = try toyRequest(path, seed: 9)
        request.restart = true
        #expect(throws: ToySubject.Failure.self) { try build(request, ToySubject(stepsBeforeFailure: 6)) }
        request.settings = try SweepSettings(seed: 10, statisticsSamples: 2500)
        let subject = ToySubject()
        _ = try build(request, subject)
        #expect(subject.fuse.record.count == 11)
    }
}
