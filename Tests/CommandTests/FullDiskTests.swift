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
}
