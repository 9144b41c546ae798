import Foundation
import RelevanceDatabase
import TestSupport
import Testing

/// A job array on a real Slurm: `make test-slurm`, for the daemons take a minute and must not run twice on a machine.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SLURM"] == "1", "make test-slurm"))
struct SlurmTests {
    @Test func aTaskThatIsKilledAndRequeuedGoesOnAndThePartsMakeTheBitsOfOneBuild() throws {
        let tiny = try TinyStore()
        let cluster = try SlurmCluster()
        // Long enough to be caught at work.
        let options = ["--pairs", "400", "--statistics-samples", "50", "--threads", "1"]
        let command = [RunningCommand.builtFolder + "/build-relevance"] + tiny.models + options
        let script = """
            #!/bin/sh
            exec \(command.joined(separator: " ")) --shard auto --store \(tiny.file("part"))$SLURM_ARRAY_TASK_ID
            """
        let path = tiny.file("job.sh")
        try Data((script + "\n").utf8).write(to: URL(fileURLWithPath: path))
        func log(_ task: Int) -> String {
            (try? String(contentsOfFile: tiny.file("log\(task)"), encoding: .utf8)) ?? ""
        }
        let job = try #require(
            cluster.output(
                "sbatch",
                [
                    "--parsable", "--array=1-2", "--requeue", "--open-mode=append", "--cpus-per-task=1", "-o",
                    tiny.file("log%a"), path,
                ]))

        #expect(
            cluster.wait { cluster.output("squeue", ["-h", "-j", job, "-t", "R", "-o", "%K"])?.count == 3 },
            "both parts at once: \(log(1)) \(log(2))")
        #expect(cluster.wait { log(2).contains("sweep: ") }, "\(log(2))")
        _ = try #require(cluster.output("scontrol", ["requeue", "\(job)_2"]))
        #expect(cluster.wait { cluster.output("squeue", ["-h", "-j", job]) == "" }, "\(log(1)) \(log(2))")
        let shown = try #require(cluster.output("scontrol", ["show", "job", "\(job)_2"]))
        #expect(shown.contains("Restarts=1") && shown.contains("JobState=COMPLETED"), "\(shown)")
        // The second run had less to do than the whole part.
        let sweeps = log(2).split(separator: "\n").filter { $0.contains(" pairs to sweep") }
        #expect(sweeps.count == 2 && sweeps[0] != sweeps[1], "\(log(2))")

        let merged = try RunningCommand.run(
            "merge-relevance",
            [tiny.file("part1"), tiny.file("part2"), "--store", tiny.file("whole"), "--quiet"])
        #expect(merged.status == 0, "\(merged.error)")
        let atOnce = try RunningCommand.run(
            "build-relevance", tiny.models + options + ["--store", tiny.file("at once"), "--quiet"])
        #expect(atOnce.status == 0, "\(atOnce.error)")
        let (whole, once) = try (
            RelevanceDatabase(path: tiny.file("whole")), RelevanceDatabase(path: tiny.file("at once"))
        )
        #expect(try whole.table().rows == once.table().rows)
        #expect(try whole.spread().errors == once.spread().errors)
        #expect(whole.statistics.mean == once.statistics.mean)
    }
}
