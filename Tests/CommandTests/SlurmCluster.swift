import Foundation
import TestSupport

/// A cluster of one node on this machine: Slurm's own daemons from Debian's packages, with what they write in a folder of
/// their own.
final class SlurmCluster {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let folder: TemporaryFolder
    private var daemons: [Process] = []

    /// Starts munge, the controller and the node's daemon, and waits until the node takes jobs.
    /// - Throws: `Failure` that says which of them did not start, and what it said.
    init() throws {
        folder = try TemporaryFolder()
        guard geteuid() == 0 else { throw Failure(description: "slurmd runs jobs for others, as root only") }
        // A short path: munge's socket must fit the 108 bytes of a socket's address.
        for name in ["state", "spool"] {
            try FileManager.default.createDirectory(
                atPath: folder.file(name), withIntermediateDirectories: true)
        }
        let key = folder.file("munge.key")
        let random = (0..<1024).map { _ in UInt8.random(in: 0...255) }
        _ = FileManager.default.createFile(
            atPath: key, contents: Data(random), attributes: [.posixPermissions: 0o400])
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: folder.file("slurm.conf")))
        // --force: the folder is nobody else's, which munge would have others enter.
        try start(
            "munged",
            [
                "--foreground", "--force", "--key-file=\(key)", "--socket=\(folder.file("munge"))",
                "--pid-file=\(folder.file("munged.pid"))", "--log-file=\(folder.file("munged.log"))",
                "--seed-file=\(folder.file("munged.seed"))",
            ], until: { FileManager.default.fileExists(atPath: self.folder.file("munge")) })
        try start("slurmctld", ["-D", "-i"], until: { self.output("sinfo", ["-h"]) != nil })
        try start(
            "slurmd", ["-D", "-N", host], until: { self.output("sinfo", ["-h", "-o", "%T"]) == "idle" })
    }

    deinit {
        for daemon in daemons.reversed() where daemon.isRunning {
            daemon.terminate()
            daemon.waitUntilExit()
        }
    }

    /// What one of Slurm's commands says, or nil where it fails.
    func output(_ command: String, _ arguments: [String]) -> String? {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "20", command] + arguments
        process.environment = environment
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Waits for something, two minutes at most.
    func wait(until condition: () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 120)
        while !condition() {
            guard Date() < deadline else { return false }
            usleep(100_000)
        }
        return true
    }

    private var environment: [String: String] {
        ProcessInfo.processInfo.environment.merging(["SLURM_CONF": folder.file("slurm.conf")]) { $1 }
    }

    private var host: String {
        ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init) ?? ""
    }

    private func start(_ daemon: String, _ arguments: [String], until isReady: () -> Bool) throws {
        let log = folder.file(daemon + ".out")
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let process = Process()
        // A shell stands between: Slurm's daemons close every file that they inherit, and Foundation takes the end of one
        // of them for the end of its child.
        let keep = #""$@" & daemon=$!; trap 'kill $daemon' TERM; wait $daemon; wait $daemon"#
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", keep, "sh", "/usr/sbin/" + daemon] + arguments
        process.environment = environment
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.standardError = process.standardOutput
        do { try process.run() } catch { throw Failure(description: "\(daemon) is not there: \(error)") }
        daemons.append(process)
        guard wait(until: { isReady() || !process.isRunning }), process.isRunning else {
            let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw Failure(description: "\(daemon) did not start: \(said.suffix(2000))")
        }
    }

    /// Slurm needs neither accounting nor control groups for this; a requeued task waits until its credential expires.
    private var configuration: String {
        """
        ClusterName=shards
        SlurmctldHost=\(host)(127.0.0.1)
        SlurmUser=root
        SlurmdUser=root
        AuthType=auth/munge
        AuthInfo=socket=\(folder.file("munge")),cred_expire=5
        StateSaveLocation=\(folder.file("state"))
        SlurmdSpoolDir=\(folder.file("spool"))
        SlurmctldPidFile=\(folder.file("slurmctld.pid"))
        SlurmdPidFile=\(folder.file("slurmd.pid"))
        SlurmctldPort=26817
        SlurmdPort=26818
        ProctrackType=proctrack/linuxproc
        TaskPlugin=task/none
        SelectType=select/cons_tres
        SelectTypeParameters=CR_CPU
        ReturnToService=2
        MpiDefault=none
        JobAcctGatherType=jobacct_gather/none
        AccountingStorageType=accounting_storage/none
        SlurmdParameters=config_overrides
        KillWait=2
        SchedulerParameters=sched_interval=1
        NodeName=\(host) NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
        PartitionName=all Nodes=\(host) Default=YES MaxTime=INFINITE State=UP

        """
    }
}
