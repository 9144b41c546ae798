import Foundation
import RelevanceDatabase
import TestSupport
import Testing

/// A job array on a real Slurm: `make test-slurm` starts one of a single node, and runs this beside it.
@Suite(
    .enabled(if: ProcessInfo.processInfo.environment["SLURM"] == "1", "make test-slurm"),
    .timeLimit(.minutes(10)))
struct SlurmTests {
    @Test func aTaskThatIsKilledAndRequeuedGoesOnAndThePartsMakeTheBitsOfOneBuild() throws {
        let tiny = try TinyStore()
        // Long enough to be caught at work.
        let options = ["--pairs", "3000", "--statistics-samples", "50", "--threads", "1"]
        let command = [RunningCommand.builtFolder + "/build-relevance"] + tiny.models + options
        let script = """
            #!/bin/sh
            exec \(command.joined(separator: " ")) --shard auto --store \(tiny.file("part"))$SLURM_ARRAY_TASK_ID

            """
        let path = tiny.file("job.sh")
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        func log(_ task: Int) -> String {
            (try? String(contentsOfFile: tiny.file("log\(task)"), encoding: .utf8)) ?? ""
        }
        let job = try SlurmClient.output(
            "sbatch",
            [
                "--parsable", "--array=1-2", "--requeue", "--open-mode=append", "--cpus-per-task=1", "-o",
                tiny.file("log%a"), path,
            ])
        func tasks(_ arguments: [String]) throws -> [String] {
            try SlurmClient.output("squeue", ["-h", "-j", job, "-o", "%K"] + arguments)
                .split(separator: "\n").map(String.init).sorted()
        }

        #expect(
            try SlurmClient.wait { try tasks(["-t", "R"]) == ["1", "2"] },
            "both parts at once: \(log(1)) \(log(2))"
        )
        // Into the sweep, so that there is something to go on from.
        #expect(SlurmClient.wait { log(2).contains("sweep: ") }, "\(log(2))")
        _ = try SlurmClient.output("scontrol", ["requeue", "\(job)_2"])
        #expect(try SlurmClient.wait { try tasks([]).isEmpty }, "\(log(1)) \(log(2))")
        for task in [1, 2] {
            let shown = try SlurmClient.output("scontrol", ["show", "job", "\(job)_\(task)"])
            #expect(
                shown.contains("Restarts=\(task - 1)") && shown.contains("JobState=COMPLETED"), "\(shown)")
        }
        // The second run had less to do than the whole part.
        let left = log(2).split(separator: "\n").filter { $0.contains(" pairs to sweep") }
        #expect(left.count == 2 && left.first != left.last, "\(log(2))")

        let merged = try RunningCommand.run(
            "merge-relevance",
            [tiny.file("part1"), tiny.file("part2"), "--store", tiny.file("whole"), "--quiet"])
        #expect(merged.status == 0, "\(merged.error)")
        let atOnce = try RunningCommand.run(
            "build-relevance", tiny.models + options + ["--store", tiny.file("at once"), "--quiet"])
        #expect(atOnce.status == 0, "\(atOnce.error)")
        try expectSameBits(tiny.file("whole"), tiny.file("at once"))
    }
}
