import Foundation
import TestSupport
import Testing

/// The real command takes no more memory than it says before it begins, and says no more than `--memory` allows.
@Suite(.serialized) struct MemoryTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A short build of the embedded models; samples in blocks as a full build has them.
    private var build: [String] {
        ["--pairs", "1", "--statistics-samples", "4000", "--store", folder.file("store")]
    }

    /// Runs a build to its end; returns what it said in MiB, and what it came to have resident.
    private func memory(_ options: [String]) throws -> (said: Int, peak: Int, threads: Int) {
        try memory(of: "build-relevance", build + options)
    }

    private func memory(
        of command: String, _ arguments: [String]
    ) throws -> (said: Int, peak: Int, threads: Int) {
        let running = try RunningCommand(command, arguments)
        var peak = 0
        while let now = running.residentPeak {
            peak = max(peak, now)
            usleep(2000)
        }
        let result = running.wait()
        try #require(result.status == 0, "\(result.error)")
        let said = try #require(result.error.firstMatch(of: /by (\d+) threads?, at most (\d+) MiB of memory/))
        return (try #require(Int(said.2)), peak >> 20, try #require(Int(said.1)))
    }

    @Test(arguments: [
        ["--threads", "1"], ["--threads", "3"], ["--threads", "2", "--method", "gradient"],
        ["--threads", "2", "--render-resolution", "32"],
    ])
    func noMoreIsTakenThanIsSaid(options: [String]) throws {
        let memory = try memory(options)
        #expect(memory.peak > 40 && memory.peak <= memory.said, "\(memory)")
        // Not said for nothing either.
        #expect(2 * memory.said <= 5 * memory.peak, "\(memory)")
    }

    @Test func optimisationTakesNoMoreThanItSays() throws {
        let arguments = ["tiger", "--faces", "2", "--steps", "40", "--output", folder.file("sheet.png")]
        for threads in ["1", "2"] {
            let memory = try memory(of: "optimise-latent", arguments + ["--threads", threads])
            #expect(memory.peak > 40 && memory.peak <= memory.said, "\(memory)")
            #expect(2 * memory.said <= 5 * memory.peak, "\(memory)")
        }
    }

    @Test func aBudgetIsKeptAndOneThatIsTooSmallIsRefusedWithOneThatWouldDo() throws {
        let small = try RunningCommand.run("build-relevance", build + ["--memory", "60M"])
        expectRefusal(small, 64, saying: "MiB of memory are needed for one thread", "may have 60")
        let enough = try #require(small.error.firstMatch(of: /--memory (\d+)M would do/)?.1)
        let memory = try memory(["--memory", "\(enough)M"])
        #expect(try memory.said <= #require(Int(enough)) && memory.peak <= memory.said, "\(memory)")

        let asked = ["--threads", "9", "--memory", "\(enough)M"]
        let many = try RunningCommand.run("build-relevance", build + asked)
        expectRefusal(many, 64, saying: "are needed for 9 threads")
    }
}
