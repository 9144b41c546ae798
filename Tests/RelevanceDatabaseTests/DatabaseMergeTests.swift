import Foundation
import Relevance
import RelevanceDatabase
import TestSupport
import Testing

@Suite struct DatabaseMergeTests {
    let folder: TemporaryFolder
    private var whole: String { folder.file("whole") }

    init() throws { folder = try TemporaryFolder() }

    private func build(_ path: String, _ change: (inout BuildRequest) throws -> Void = { _ in }) throws {
        var request = try toyRequest(path)
        try change(&request)
        let outcome = try DatabaseBuilder(request, subject: ToySubject()).run()
        guard case .complete = outcome else { return #expect(Bool(false), "\(outcome)") }
    }

    /// The folders of the parts of a build of ten pairs, each built by itself.
    private func parts(_ count: Int, _ change: (inout BuildRequest) throws -> Void = { _ in }) throws
        -> [String]
    {
        try (1...count).map { index in
            let path = folder.file("part \(index) of \(count)")
            try build(path) {
                try change(&$0)
                $0.shard = BuildShard(index: index, count: count)
            }
            return path
        }
    }

    private func merge(_ parts: [String]) throws {
        try DatabaseMerge(parts: parts, toolVersion: "test").run(into: whole)
    }

    /// Expects that parts are refused for a reason that says this.
    private func expectRefusal(
        _ parts: [String], saying words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: DatabaseError.self, sourceLocation: sourceLocation) { try merge(parts) }
        #expect(
            error?.description.contains(words) == true, "\(String(describing: error))",
            sourceLocation: sourceLocation)
        #expect(!FileManager.default.fileExists(atPath: whole), sourceLocation: sourceLocation)
    }

    // The toy has ten pairs of two layers: some parts of 25 are empty.
    @Test(arguments: [1, 2, 3, 7, 25]) func partsMakeTheBitsOfOneBuild(count: Int) throws {
        try merge(parts(count).reversed())
        try build(folder.file("at once"))
        #expect(try toyContents(whole) == toyContents(folder.file("at once")))
        let manifest = try RelevanceDatabase(path: whole).manifest
        #expect(manifest.pairsDone == 10 && manifest.shard == nil)
    }

    @Test func pairsAreAddedToAMergedDatabaseAsToAnyOther() throws {
        try merge(parts(3))
        try build(whole) { $0.pairs = 17 }
        try build(folder.file("at once")) { $0.pairs = 17 }
        #expect(try toyContents(whole) == toyContents(folder.file("at once")))
    }

    @Test func partsOfSomeLayersMakeADatabaseOfThose() throws {
        try merge(parts(2) { $0.layers = ["b8.conv0"] })
        try build(folder.file("at once")) { $0.layers = ["b8.conv0"] }
        #expect(try toyContents(whole) == toyContents(folder.file("at once")))
        #expect(try RelevanceDatabase(path: whole).manifest.layersDone == ["b8.conv0"])
    }

    @Test func aMergedDatabaseKnowsAllProcessorsThatTookPart() throws {
        let parts = ["first", "second"].map { folder.file($0) }
        for (index, path) in parts.enumerated() {
            try build(path) {
                $0.shard = BuildShard(index: index + 1, count: 2)
                $0.instructionSet = "that of part \(index + 1)"
            }
        }
        // Nothing is left to compute, so a third has no part in it.
        try build(parts[1]) {
            $0.shard = BuildShard("2/2")
            $0.instructionSet = "another"
        }
        try merge(parts)
        let manifest = try RelevanceDatabase(path: whole).manifest
        #expect(manifest.instructionSets == ["that of part 1", "that of part 2"])
    }

    @Test func aMissingPartIsNamedAndSoAreTwoOfTheSame() throws {
        let parts = try parts(3)
        expectRefusal([parts[0], parts[2]], saying: "part 2/3 is missing")
        expectRefusal(parts + [parts[1]], saying: "are both part 2/3")
        expectRefusal([], saying: "none was named")
    }

    @Test func partsOfOtherBuildsAreToldByWhatDiffers() throws {
        let first = try parts(2)
        let other = folder.file("other")
        func part(_ change: (inout BuildRequest) throws -> Void) throws {
            try? FileManager.default.removeItem(atPath: other)
            try build(other) {
                $0.shard = BuildShard("2/2")
                try change(&$0)
            }
        }
        try part { $0.settings = try SweepSettings(seed: 4, statisticsSamples: 2500) }
        expectRefusal([first[0], other], saying: "the settings")
        try part { $0.generator = WeightsRecord(name: "toy", fingerprint: String(repeating: "c", count: 64)) }
        expectRefusal([first[0], other], saying: "the generator")
        try part { $0.pairs = 11 }
        expectRefusal([first[0], other], saying: "the number of pairs")
        try part { $0.layers = ["b8.conv0"] }
        expectRefusal([first[0], other], saying: "the layers asked for")
        try part { $0.shard = BuildShard("2/3") }
        expectRefusal([first[0], other], saying: "the number of parts")
        try part { $0.shard = nil }
        expectRefusal([first[0], other], saying: "is a whole database")
    }

    @Test func aPartThatIsNotFinishedIsRefusedAndGoesOn() throws {
        let parts = try parts(2)
        let broken = folder.file("broken")
        var request = try toyRequest(broken)
        request.shard = BuildShard("2/2")
        #expect(throws: ToySubject.Failure.self) {
            try DatabaseBuilder(request, subject: ToySubject(stepsBeforeFailure: 4)).run()
        }
        expectRefusal([parts[0], broken], saying: "broken (part 2/2) has")
        try build(broken) { $0.shard = BuildShard("2/2") }
        try merge([parts[0], broken])
    }

    @Test func aPartIsNeitherAskedNorGrownNorTakenForAWholeBuild() throws {
        let part = try parts(2)[0]
        #expect(throws: DatabaseError.part(path: part, shard: try #require(BuildShard("1/2")))) {
            try RelevanceDatabase(path: part)
        }
        #expect(throws: DatabaseError.self) { try build(part) }
        #expect(throws: DatabaseError.self) {
            try build(part) {
                $0.shard = BuildShard("1/2")
                $0.pairs = 20
            }
        }
    }

    @Test func aDatabaseThatIsThereIsNotOverwritten() throws {
        try build(whole)
        let before = try toyContents(whole)
        #expect(throws: DatabaseError.occupied(path: whole)) { try merge(parts(2)) }
        #expect(try toyContents(whole) == before)
    }
}
