import CommandKit
import RelevanceDatabase

/// The task of a Slurm job array as a part of a build.
enum SlurmTask {
    /// The part that this task is to build: Slurm gives tasks numbers from any start on, in any steps.
    /// - Parameter variable: The value of an environment variable.
    /// - Throws: `OptionError` where the variables are missing or do not say a part.
    static func shard(variable: (String) -> String?) throws(OptionError) -> BuildShard {
        let names = ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"]
        let values = names.map { variable($0).flatMap { Int($0) } }
        guard let task = values[0], let count = values[1] else {
            throw OptionError(
                "--shard auto takes the part from \(names.joined(separator: " and ")), which are not both set to numbers; "
                    + "run it in a Slurm job array, or give --shard k/n")
        }
        let first = variable("SLURM_ARRAY_TASK_MIN").flatMap { Int($0) } ?? 1
        let step = variable("SLURM_ARRAY_TASK_STEP").flatMap { Int($0) } ?? 1
        let (offset, overflow) = task.subtractingReportingOverflow(first)
        guard !overflow, step > 0, offset >= 0, offset.isMultiple(of: step), offset / step < Int.max,
            let shard = BuildShard(index: offset / step + 1, count: count)
        else {
            throw OptionError(
                "task \(task) is none of \(count) that begin at \(first) in steps of \(step), as Slurm's variables say"
            )
        }
        return shard
    }
}
