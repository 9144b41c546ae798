import Foundation
import TestSupport
import Testing

/// A disk of eight MiB, in memory; only root may make one.
private final class SmallDisk {
    let folder: TemporaryFolder

    /// Nil where the system does not let us.
    init?() throws {
        folder = try TemporaryFolder()
        guard geteuid() == 0, Self.run("mount", ["-t", "tmpfs", "-o", "size=8m", "none", folder.path]) else {
            return nil
        }
    }

    deinit { _ = Self.run("umount", ["-l", folder.path]) }

    static var isPossible: Bool { (try? SmallDisk()) != nil }

    private static func run(_ name: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

@Suite(.enabled(if: SmallDisk.isPossible, "needs the right to mount a small disk"))
struct FullDiskTests {
    @Test func aBuildOnAFullDiskSaysSoAndGoesOnWhenThereIsRoom() throws {
        let tiny = try TinyStore()
        let disk = try #require(try SmallDisk())
        let filler = disk.folder.file("filler")
        // All but a few pages.
        try Data(count: (8 << 20) - 5 * 4096).write(to: URL(fileURLWithPath: filler))
        let arguments = tiny.models + TinyStore.short + ["--store", disk.folder.file("store"), "--quiet"]
        let refused = try RunningCommand.run("build-relevance", arguments)
        #expect(refused.status == 74, "\(refused.error)")
        #expect((1...2).contains(refused.error.split(separator: "\n").count), "\(refused.error)")

        try FileManager.default.removeItem(atPath: filler)
        let resumed = try RunningCommand.run("build-relevance", arguments)
        #expect(resumed.status == 0, "\(resumed.error)")
    }

    @Test func anExportToAFullDiskIsNoFileThatCannotBeMade() throws {
        let tiny = try TinyStore.built()
        let disk = try #require(try SmallDisk())
        try Self.fill(disk.folder.file("filler"))
        let path = disk.folder.file("a.npz")
        let export = try RunningCommand.run(
            "export-direction", ["tig", "--beta", "0", "--output", path] + tiny.store)
        #expect(
            export.status == 74 && export.error.contains("writing failed: No space left"), "\(export.error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.folder.path) == ["filler"])
    }

    @Test func aDiskThatFillsUnderTheSweepEndsItAndItGoesOnInTheSameBits() throws {
        let tiny = try TinyStore()
        let disk = try #require(try SmallDisk())
        let build = tiny.models + FileLimitTests.options
        let store = disk.folder.file("store")
        let running = try RunningCommand("build-relevance", build + ["--store", store, "--json"])
        #expect(running.wait { running.error.contains("\"sweep\"") }, "\(running.error)")
        let filler = disk.folder.file("filler")
        try Self.fill(filler)
        let stopped = running.wait()
        #expect(stopped.status == 74, "\(stopped.error)")
        #expect(stopped.error.contains("the disk is full under \(store); make room and run the same command"))

        try FileManager.default.removeItem(atPath: filler)
        let resumed = try RunningCommand.run("build-relevance", build + ["--store", store, "--quiet"])
        #expect(resumed.status == 0, "\(resumed.error)")
        try FileLimitTests.expectTheBitsOfOneBuild(store, tiny)
    }

    /// Writes zeros until there is room for none.
    private static func fill(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, zeros, zeros.count) > 0 {}
    }
}

/// Files that may not grow, as `ulimit -f` says: for this nobody needs rights.
@Suite struct FileLimitTests {
    /// Enough work that its marks take pages of their own.
    static let options = ["--pairs", "600", "--statistics-samples", "50", "--threads", "2"]

    static func expectTheBitsOfOneBuild(_ store: String, _ tiny: TinyStore) throws {
        let undisturbed = tiny.file("undisturbed")
        let build = try RunningCommand.run(
            "build-relevance", tiny.models + options + ["--store", undisturbed, "--quiet"])
        #expect(build.status == 0, "\(build.error)")
        try expectSameBits(store, undisturbed)
    }

    @Test func aStoreThatMayNotGrowEndsTheBuildAndItGoesOnInTheSameBits() throws {
        let tiny = try TinyStore()
        let build = tiny.models + Self.options + tiny.store
        // Room for the first sums, and for some marks.
        let stopped = try RunningCommand("build-relevance", build + ["--quiet"], fileKilobytes: 96).wait()
        expectRefusal(stopped, 74, saying: "may grow no further", "run the same command again")
        let resumed = try RunningCommand("build-relevance", build).wait()
        #expect(resumed.status == 0, "\(resumed.error)")
        #expect(
            resumed.error.contains(" pairs to sweep") && !resumed.error.contains(" 24,000 pairs to sweep"))
        try Self.expectTheBitsOfOneBuild(tiny.file("store"), tiny)
    }
}
