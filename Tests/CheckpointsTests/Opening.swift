import Foundation
import TestSupport

@testable import Checkpoints

/// Opens a checkpoint of these bytes; its file is gone when this returns, the mapping is not.
func checkpoint(_ bytes: [UInt8]) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    let path = folder.file("weights")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try Checkpoint.open(path: path)
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
