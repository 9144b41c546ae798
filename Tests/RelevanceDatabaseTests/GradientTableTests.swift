import Foundation
import Relevance
import RelevanceDatabase
import Tensors
import TestSupport
import Testing

/// Tables from derivatives: the same promises as of those from pairs.
@Suite struct GradientTableTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("toy")
    }

    private func request(_ path: String? = nil, images: Int = 10, verify: Int = 0) throws -> BuildRequest {
        var request = try toyRequest(path ?? self.path, pairs: images)
        request.method = .gradient
        request.verifiedChannels = verify
        return request
    }

    private func build(_ request: BuildRequest, _ subject: ToySubject = ToySubject()) throws -> BuildOutcome {
        try DatabaseBuilder(request, subject: subject).run()
    }

    private func uninterrupted(images: Int = 10) throws -> [String: [UInt8]] {
        let path = folder.file("uninterrupted \(images)")
        #expect(try build(request(path, images: images)) == .complete(pairs: images))
        return try toyContents(path)
    }

    @Test func aTableIsTheMeanOfAllDerivatives() throws {
        #expect(try build(request()) == .complete(pairs: 10))
        let database = try RelevanceDatabase(path: path)
        var sums = ChannelSums(channels: 8, dimension: 6)
        var groups = [ChannelSums](repeating: sums, count: RelevanceSpread.imageGroups)
        let worker = try ToySubject().makeWorker(settings: SweepSettings(seed: 3, statisticsSamples: 2500))
        for image in 0..<10 {
            for (part, first) in zip(try worker.derivatives(layers: [0, 2], image: image), [0, 5]) {
                try sums.merge(part, at: first)
                try groups[image].merge(part, at: first)
            }
        }
        #expect(try database.table().rows == RelevanceTable(sums: sums).rows)
        #expect(try database.spread() == RelevanceSpread(groups: groups))
        #expect(database.manifest.method == .gradient)
        // The toy's last channel moves nothing.
        #expect(database.manifest.gradient?.zeroRows == 1)
        #expect(try database.table().rows.values.suffix(6).allSatisfy { $0 == 0 })
    }

    @Test(arguments: [1, 2, 5]) func workersDoNotShowInTheTable(workers: Int) throws {
        var request = try request()
        request.workers = workers
        #expect(try build(request) == .complete(pairs: 10))
        #expect(try toyContents(path) == uninterrupted())
    }

    @Test(arguments: [0, 2, 4, 9, 12]) func aBuildThatBreaksOffGoesOnToTheSameBits(steps: Int) throws {
        #expect(throws: ToySubject.Failure.self) {
            try build(request(), ToySubject(stepsBeforeFailure: steps))
        }
        #expect(try build(request()) == .complete(pairs: 10))
        #expect(try toyContents(path) == uninterrupted())
    }

    @Test func moreImagesAreOnlyTheNewOnes() throws {
        #expect(try build(request(images: 6)) == .complete(pairs: 6))
        let subject = ToySubject()
        #expect(try build(request(images: 8), subject) == .complete(pairs: 8))
        #expect(
            subject.fuse.record == [6, 7].map { "derivatives of [\"b4.conv1\", \"b8.conv0\"] of \($0)" })
        #expect(try toyContents(path) == uninterrupted(images: 8))
    }

    @Test func partsMakeTheSameTable() throws {
        let paths = (1...3).map { folder.file("part \($0)") }
        for (index, path) in paths.enumerated() {
            var request = try request(path)
            request.shard = BuildShard(index: index + 1, count: 3)
            _ = try build(request)
        }
        try DatabaseMerge(parts: paths, toolVersion: "test").run(into: path)
        let whole = folder.file("whole")
        #expect(try build(request(whole)) == .complete(pairs: 10))
        let (merged, built) = try (RelevanceDatabase(path: path), RelevanceDatabase(path: whole))
        #expect(try merged.table().rows == built.table().rows)
        #expect(merged.manifest.method == .gradient)
        #expect(merged.manifest.gradient?.zeroRows == built.manifest.gradient?.zeroRows)
    }

    @Test func aRepairedLayerHasTheRowsOfPairs() throws {
        #expect(try build(request()) == .complete(pairs: 10))
        var repair = try request()
        repair.repairs = ["b8.conv0"]
        // The old table answers until the new one is whole.
        #expect(throws: ToySubject.Failure.self) { try build(repair, ToySubject(stepsBeforeFailure: 1)) }
        #expect(try RelevanceDatabase(path: path).manifest.gradient?.repairedDone == [])
        // Once asked for, a repair is finished by any later build.
        let subject = ToySubject()
        #expect(try build(request(), subject) == .complete(pairs: 10))
        #expect(subject.fuse.record.allSatisfy { $0.hasPrefix("b8.conv0") })
        let database = try RelevanceDatabase(path: path)
        #expect(database.manifest.gradient?.repairedDone == ["b8.conv0"])
        #expect(database.manifest.gradient?.zeroRows == 0)

        let pairs = folder.file("pairs")
        #expect(try build(toyRequest(pairs)) == .complete(pairs: 10))
        let (mixed, true_) = try (
            database.table().rows.values, RelevanceDatabase(path: pairs).table().rows.values
        )
        #expect(mixed[30...] == true_[30...])
        #expect(mixed[..<30] != true_[..<30])
    }

    @Test func theAgreementWithPairsIsStoredAndMadeOnce() throws {
        let subject = ToySubject()
        #expect(try build(request(verify: 4), subject) == .complete(pairs: 10))
        let manifest = try RelevanceDatabase(path: path).manifest
        let agreement = try #require(manifest.gradient?.agreement)
        #expect(agreement.images == 8)
        #expect(agreement.layers.map(\.name) == ["b4.conv1", "b8.conv0"])
        #expect(agreement.channels == agreement.layers.reduce(0) { $0 + $1.channels })
        #expect(agreement.tenthPercentile <= agreement.median)
        #expect(agreement.worst?.median == agreement.layers.map(\.median).min())
        let again = ToySubject()
        #expect(try build(request(verify: 4), again) == .complete(pairs: 10))
        #expect(again.fuse.record.isEmpty)
        // With as many channels as are asked for later.
        #expect(try build(request(verify: 8)) == .complete(pairs: 10))
        #expect(try RelevanceDatabase(path: path).manifest.gradient?.agreement?.channels == 8)
        // A table of more images is another one.
        #expect(try build(request(images: 11), ToySubject()) == .complete(pairs: 11))
        #expect(try RelevanceDatabase(path: path).manifest.gradient?.agreement == nil)
    }

    @Test func pairsAndDerivativesAreNotAddedUp() throws {
        #expect(try build(request()) == .complete(pairs: 10))
        do {
            _ = try build(toyRequest(path))
            Issue.record("pairs were added to derivatives")
        } catch let error as DatabaseError {
            #expect(error.description.contains("method is gradient there and pairs here"))
        }
    }

    @Test func aSketchIsKeptAndTellsHowMuchOfADirectionLiesOutside() throws {
        var directions = Tensor(zeros: [2, 6])
        (directions[1], directions[6 + 4]) = (1, -1)
        var request = try request()
        request.sketch = SketchRequest(
            record: GradientRecord.Sketch(directions: 2, energy: 0.75), directions: directions)
        #expect(try build(request) == .complete(pairs: 10))
        #expect(throws: DatabaseError.self) { try build(self.request()) }
        let database = try RelevanceDatabase(path: path)
        #expect(database.manifest.gradient?.sketch?.energy == 0.75)
        let (clip, other) = (
            request.clip, WeightsRecord(name: "other", fingerprint: request.generator.fingerprint)
        )
        #expect(try SketchRequest.stored(path: path, clip: clip)?.directions == directions)
        #expect(try SketchRequest.stored(path: path, clip: other) == nil)
        let share = try database.shareInSketch(of: TextDirection([0, 3, 0, 0, 4, 5]))
        #expect(share.map { abs($0 - 0.5) < 1e-6 } == true)
        #expect(try SketchRequest.stored(path: folder.file("nowhere"), clip: clip) == nil)
    }

    @Test func derivativesAlongOtherDirectionsAreNotAddedUp() throws {
        func request(_ axis: Int, restart: Bool = false) throws -> BuildRequest {
            var directions = Tensor(zeros: [1, 6])
            directions[axis] = 1
            var request = try self.request()
            request.restart = restart
            request.sketch = SketchRequest(
                record: GradientRecord.Sketch(directions: 1, energy: 0.5), directions: directions)
            return request
        }
        #expect(try build(request(1)) == .complete(pairs: 10))
        #expect(throws: DatabaseError.self) { try build(request(2)) }
        // Nor to those of a restart that was broken off.
        #expect(throws: ToySubject.Failure.self) {
            try build(request(2, restart: true), ToySubject(stepsBeforeFailure: 6))
        }
        let subject = ToySubject()
        #expect(try build(request(3, restart: true), subject) == .complete(pairs: 10))
        #expect(subject.fuse.record.count == 13, "3 blocks of samples and 10 images, all anew")
    }

    @Test func aRepairTakesNothingAwayBeforeItRuns() throws {
        #expect(try build(request()) == .complete(pairs: 10))
        let before = try toyContents(path)
        var repair = try request()
        repair.repairs = ["b8.conv0"]
        _ = try DatabaseBuilder(repair, subject: ToySubject())
        #expect(try toyContents(path) == before)
        let needed = try DatabaseBuilder(repair, subject: ToySubject()).needs()
        #expect(needed.pairs == 30, "what a repair sweeps is known before")
    }
}
