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

/// What is wrong with these bytes, read in memory, or nil where all tensors load; each must take no more memory than a
/// small multiple of the file, of what it unpacks to at most, or 4 MiB.
func faultInMemory(_ bytes: [UInt8]) -> FormatError? {
    do throws(FormatError) {
        let contents = try CheckpointContents(Bytes(bytes))
        let limit = (1 << 20) + 1032 * bytes.count
        for (name, stored) in contents.tensors {
            let tensor = try stored.load()
            if tensor.count > limit {
                Issue.record("\(name) takes \(tensor.count) numbers of a file of \(bytes.count) bytes")
            }
        }
        return nil
    } catch {
        return error
    }
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
