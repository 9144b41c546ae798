import Foundation
import TestSupport
import Testing

/// The real commands, killed at moments of a seeded choice: what comes of it in the end is what an uninterrupted one
/// makes, to the last bit.
@Suite struct KillTests {
    /// `make test-kill` asks for 200.
    private static let kills = ProcessInfo.processInfo.environment["KILLS"].flatMap { Int($0) } ?? 6

    /// A third of the kills each, and no fewer, for all have marks of their own in the store.
    @Test(arguments: [[], ["--tolerance", "0.2"], ["--method", "gradient", "--verify", "8"]])
    func aBuildThatIsKilledAndGoneOnWithEndsInTheSameBits(more: [String]) throws {
        let tiny = try TinyStore()
        let options =
            ["--pairs", "25", "--statistics-samples", "1000", "--threads", "2", "--quiet"] + more
        let whole = tiny.file("whole")
        let began = Date()
        let build = try RunningCommand.run("build-relevance", tiny.models + options + ["--store", whole])
        try #require(build.status == 0, "\(build.error)")
        let duration = Date().timeIntervalSince(began)

        var random = SeededMoments(state: UInt64(7 + more.count))
        let kills = (Self.kills + 2) / 3
        var killed = 0
        var round = 0
        while killed < kills {
            let store = tiny.file("store\(round)")
            round += 1
            // The same store is killed a few times over before it is let finish, if it has not by then.
            for _ in 0..<3 where killed < kills {
                let running = try RunningCommand(
                    "build-relevance", tiny.models + options + ["--store", store])
                usleep(UInt32(random.next() * duration * 1_000_000))
                running.send(SIGKILL)
                if running.wait().isKilled { killed += 1 } else { break }
            }
            let resumed = try RunningCommand.run(
                "build-relevance", tiny.models + options + ["--store", store])
            try #require(resumed.status == 0, "\(resumed.error)")
            try expectSameBits(store, whole)
            try FileManager.default.removeItem(atPath: store)
        }
    }

    /// Written every few steps, so that many a kill comes while the file is.
    @Test func aTrainingThatIsKilledAndGoneOnWithEndsInTheSameBits() throws {
        let tiny = try TinyStore()
        func arguments(_ output: String) -> [String] {
            ["tiger", "--steps", "3000", "--save-every", "5", "--output", tiny.file(output), "--quiet"]
                + tiny.models
        }
        let began = Date()
        try #require(try run("train-mapper", arguments("whole.safetensors")).status == 0)
        let duration = Date().timeIntervalSince(began)
        let whole = FileManager.default.contents(atPath: tiny.file("whole.safetensors"))

        var random = SeededMoments(state: 11)
        var killed = 0
        var round = 0
        while killed < (Self.kills + 1) / 2 {
            round += 1
            let output = "training\(round).safetensors"
            for _ in 0..<3 {
                let running = try RunningCommand("train-mapper", arguments(output))
                usleep(UInt32(random.next() * duration * 1_000_000))
                running.send(SIGKILL)
                if running.wait().isKilled { killed += 1 } else { break }
            }
            let resumed = try run("train-mapper", arguments(output))
            try #require(resumed.status == 0, "\(resumed.error)")
            #expect(FileManager.default.contents(atPath: tiny.file(output)) == whole)
        }
    }
}

/// Fractions in [0, 1) of a fixed sequence: Knuth's 64-bit linear congruential generator.
private struct SeededMoments {
    var state: UInt64

    mutating func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }
}
