import COneDNN

/// Products of row-major float32 matrices, by oneDNN.
public enum MatrixProduct {
    /// A matrix in memory: rows of `columns` numbers, `stride` apart.
    public struct Matrix {
        public let start: UnsafePointer<Float>
        public let rows: Int
        public let columns: Int
        public let stride: Int

        public init(_ start: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
            self.start = start
            self.rows = rows
            self.columns = columns
            self.stride = stride ?? columns
        }
    }

    /// C = scale · A · Bᵀ, or A · B where `transposed` is false; C's rows are `stride` apart.
    ///
    /// The memory behind the matrices must hold `(rows − 1) × stride + columns` numbers, and C's must not be theirs.
    /// - Throws: `NeuralLayerError.library` where oneDNN refuses the extents.
    public static func multiply(
        _ a: Matrix, _ b: Matrix, transposed: Bool = true, scale: Float = 1,
        into c: UnsafeMutablePointer<Float>, stride: Int
    ) throws(NeuralLayerError) {
        let columns = transposed ? b.rows : b.columns
        precondition(
            a.columns == (transposed ? b.columns : b.rows), "the inner extents of a product are equal")
        guard a.rows > 0, columns > 0 else { return }
        try check(
            dnnl_sgemm(
                Int8(bitPattern: UInt8(ascii: "N")), Int8(bitPattern: UInt8(ascii: transposed ? "T" : "N")),
                Int64(a.rows), Int64(columns), Int64(a.columns), scale, a.start, Int64(a.stride), b.start,
                Int64(b.stride), 0, c, Int64(stride)),
            "a matrix product", [[a.rows, a.columns], [b.rows, b.columns]])
    }
}
