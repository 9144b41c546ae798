import DatabaseReading
import Foundation
import Relevance
import TestSupport
import Testing

@testable import RelevanceDatabase

@Suite struct ToleranceTests {
    let folder: TemporaryFolder
    private var path: String { folder.file("toy") }

    init() throws { folder = try TemporaryFolder() }

    /// An angle at which some of the toy's channels are known early, some late, and some never.
    private static let tolerance = 0.2

    private func request(_ path: String, pairs: Int = 75, tolerance: Double? = Self.tolerance) throws
        -> BuildRequest
    {
        var request = try toyRequest(path, pairs: pairs)
        request.tolerance = try tolerance.map { try ToleranceRecord(angle: $0) }
        return request
    }

    private func build(_ request: BuildRequest, _ subject: ToySubject = ToySubject()) throws -> BuildOutcome {
        try DatabaseBuilder(request, subject: subject).run()
    }

    @Test func channelsThatAreKnownStopAndTheManifestSaysWhen() throws {
        #expect(try build(request(path)) == .complete(pairs: 75))
        #expect(try build(request(folder.file("full"), tolerance: nil)) == .complete(pairs: 75))
        let database = try RelevanceDatabase(path: path)
        let full = try RelevanceDatabase(path: folder.file("full"))
        let pairs = try #require(database.manifest.tolerance?.pairs)
        #expect(pairs.count == 8 && Set(pairs).count > 1, "\(pairs)")
        #expect(pairs.allSatisfy { $0 == 75 || $0.isMultiple(of: 10) })
        // The promise: a standard error against the full table, whose own pairs are among the channel's.
        let (found, expected) = try (database.table().rows.values, full.table().rows.values)
        var squares = 0.0
        var known = 0
        for channel in 0..<8 {
            let row = channel * 6..<channel * 6 + 6
            let cosine = row.reduce(0.0) { $0 + Double(found[$1]) * Double(expected[$1]) }
            let angle = acos(min(1, cosine))
            if pairs[channel] == 75 {
                #expect(angle < 1e-3, "all pairs are the full table's")
            } else {
                #expect(angle < 3 * Self.tolerance)
                squares += angle * angle
                known += 1
            }
        }
        #expect(known > 0 && (squares / Double(known)).squareRoot() <= Self.tolerance)
    }

    @Test func neitherWorkersNorInterruptionsNorLaterPairsChangeWhatIsDecided() throws {
        _ = try build(request(path))
        let expected = try toyContents(path)
        for steps in [0, 4, 9, 20, 33] {
            let path = folder.file("broken \(steps)")
            var request = try request(path)
            request.workers = 2
            request.imagesPerUnit = 4
            #expect(throws: ToySubject.Failure.self) {
                try build(request, ToySubject(stepsBeforeFailure: steps))
            }
            #expect(try build(request) == .complete(pairs: 75))
            #expect(try toyContents(path) == expected)
        }
        let grown = folder.file("grown")
        for pairs in [15, 40, 75] {
            #expect(try build(request(grown, pairs: pairs)) == .complete(pairs: pairs))
        }
        #expect(try toyContents(grown) == expected)
    }

    @Test func aToleranceIsPartOfWhatADatabaseIs() throws {
        _ = try build(request(path, pairs: 10))
        #expect(throws: DatabaseError.self) { try build(request(path, pairs: 10, tolerance: nil)) }
        #expect(throws: DatabaseError.self) { try build(request(path, pairs: 10, tolerance: 0.1)) }
        for wrong in [0, -1, 1.1, Double.nan] {
            #expect(throws: RelevanceError.self) { try ToleranceRecord(angle: wrong) }
        }
        var part = try request(folder.file("part"))
        part.shard = BuildShard("1/2")
        #expect(throws: DatabaseError.self) { try build(part) }
        var derivatives = try request(folder.file("derivatives"))
        derivatives.method = .gradient
        #expect(throws: DatabaseError.self) { try build(derivatives) }
    }

    @Test func whatIsStoredIsHeldToItsRange() {
        var settled = SettledChannels(channels: 3)
        #expect(settled.next(asked: 7) == 0..<7)
        settled.decide(ChannelSums(channels: 3, dimension: 2), tolerance: 1)
        #expect(settled.decided == 10 && settled.open == [0, 1, 2])
        #expect(SettledChannels(stored: settled.stored) == settled)
        for wrong in [[], [5, 0], [-10, 0], [10, 20], [10, -1], [Int64.max, 0]] as [[Int64]] {
            #expect(SettledChannels(stored: wrong) == nil)
        }
    }
}
