import Foundation
import TestSupport
import Testing

@testable import Checkpoints

/// Opens a checkpoint of these bytes; its file is gone when this returns, the mapping is not.
func checkpoint(_ bytes: [UInt8]) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    let path = folder.file("weights")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try Checkpoint.open(path: path)
}

/// What is wrong with these bytes, read in memory, or nil where all tensors load.
///
/// Meanwhile no more memory may be taken than a small multiple of the file and 16 MiB: an expanded tensor may repeat what
/// is stored once up to 2^20 times, 8 MiB as it lies in order and 4 MiB as float32.
func faultInMemory(_ bytes: [UInt8]) -> FormatError? {
    var fault: FormatError?
    let peak = peakAllocation {
        do throws(FormatError) {
            let contents = try CheckpointContents(Bytes(bytes))
            for stored in contents.tensors.values { _ = try stored.load() }
        } catch {
            fault = error
        }
    }
    if peak > 64 * bytes.count + 16 << 20 {
        Issue.record(
            "\(peak) bytes of memory for a file of \(bytes.count): \(fault.map(\.description) ?? "it opens")")
    }
    return fault
}

/// What is wrong with these bytes, or nil where they open and every tensor loads.
func fault(_ bytes: [UInt8]) throws -> FormatError? {
    do {
        let checkpoint = try checkpoint(bytes)
        for name in checkpoint.names { _ = try checkpoint.tensor(name) }
        return nil
    } catch CheckpointError.format(_, let error) {
        return error
    }
}

/// The time that this thread has had on a processor: what others run, or a pause, is no hang.
var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
