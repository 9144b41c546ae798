import Tensors

/// One NumPy array in a file (`.npy`).
public enum NumPyFile {
    /// The name under which `Checkpoint` gives the array.
    public static let name = "array"

    /// The array as float32, in row-major order whatever the file's order.
    /// - Throws: `CheckpointError`; arrays of text or Python objects are refused.
    public static func read(path: String) throws(CheckpointError) -> Tensor {
        let checkpoint = try Checkpoint.open(path: path)
        guard checkpoint.format == NumPyHeader.format else {
            throw .format(
                path: path, .unsupported(format: checkpoint.format, reason: "an npy file is needed"))
        }
        return try checkpoint.tensor(name)
    }

    /// Writes a float32 array, whole or not at all.
    public static func write(_ tensor: Tensor, path: String) throws(CheckpointError) {
        try WholeFile.write(path: path) { file throws(CheckpointError) in
            try file.append(NumPyHeader.bytes(type: "<f4", shape: tensor.shape))
            try tensor.withUnsafeValues { values throws(CheckpointError) in
                try file.append(UnsafeRawBufferPointer(values))
            }
        }
    }

    static func recognises(_ bytes: Bytes) -> Bool { bytes.starts(with: NumPyHeader.magic) }

    static func read(_ bytes: Bytes) throws(FormatError) -> CheckpointContents {
        var contents = CheckpointContents(format: NumPyHeader.format)
        contents.tensors[name] = try NumPyHeader(bytes).tensor(in: .bytes(bytes), format: "npy", name: name)
        return contents
    }
}
