import Tensors

/// A pickle of lists of NumPy arrays, as StyleCLIP's `S_mean_std` is one: `[[array, …], [array, …]]`.
///
/// Written in protocol 3, as the published file is. Source of the facts: `pickletools` over it.
public enum NumPyPickle {
    /// Writes lists of float32 vectors, whole or not at all; `pickle.load` reads them with NumPy alone.
    /// - Throws: `CheckpointError.uncreatable` where a vector is longer than 2^29 numbers; as `WholeFile.write`.
    public static func write(_ lists: [[[Float]]], path: String) throws(CheckpointError) {
        var bytes: [UInt8] = [0x80, 3]
        bytes += Array("](".utf8)
        for list in lists {
            bytes += Array("](".utf8)
            for vector in list {
                guard vector.count <= 1 << 29 else {
                    throw .uncreatable(
                        path: path, reason: "\(vector.count) numbers are too many for one array")
                }
                append(vector, to: &bytes)
            }
            bytes.append(UInt8(ascii: "e"))
        }
        bytes += Array("e.".utf8)
        try WholeFile.write(path: path, contents: bytes)
    }

    /// `_reconstruct(ndarray, (0,), b'b')`, and its state: version, shape, type, order, bytes.
    private static func append(_ vector: [Float], to bytes: inout [UInt8]) {
        bytes += Array("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0".utf8) + [0x85]
        bytes += Array("C\u{1}b".utf8) + [0x87] + Array("R(K\u{1}J".utf8)
        bytes += little(UInt32(vector.count)) + [0x85]
        bytes += Array("cnumpy\ndtype\nX".utf8) + little(UInt32(2)) + Array("f4".utf8) + [0x89, 0x88, 0x87]
        bytes += Array("R(K\u{3}X".utf8) + little(UInt32(1)) + Array("<NNNJ".utf8)
        bytes += little(UInt32.max) + Array("J".utf8) + little(UInt32.max) + Array("K\0tb".utf8) + [0x89]
        bytes += Array("B".utf8) + little(UInt32(4 * vector.count))
        for value in vector { bytes += little(value.bitPattern) }
        bytes += Array("tb".utf8)
    }

    private static func little(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
