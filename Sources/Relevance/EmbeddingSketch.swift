import COpenBLAS
import Tensors

/// The few directions of an embedding along which a table's derivatives are taken, in the place of all d: those that
/// hold most of a vocabulary's ∆t.
public struct EmbeddingSketch: Sendable {
    /// Orthonormal rows, the leading eigenvectors of Σ ∆t ∆tᵀ: `[K, d]`.
    public let directions: Tensor
    /// The share of Σ |∆t|² that lies along them.
    public let energy: Double

    /// - Parameters:
    ///   - texts: The vocabulary's ∆t, all of one width.
    ///   - count: K, from 1 to d.
    /// - Throws: `RelevanceError.setting` for another K, `.count` without texts.
    public init(of texts: [TextDirection], directions count: Int) throws(RelevanceError) {
        guard let dimension = texts.first?.values.count, texts.allSatisfy({ $0.values.count == dimension })
        else { throw .count(what: "directions of a vocabulary", found: texts.count, expected: 1) }
        guard (1...dimension).contains(count), let order = Int32(exactly: dimension) else {
            throw .setting(name: "sketch", value: "\(count)", needed: "from 1 to \(dimension)")
        }
        var matrix = [Double](repeating: 0, count: dimension * dimension)
        for text in texts {
            for i in 0..<dimension {
                let value = Double(text.values[i])
                for j in 0...i { matrix[i * dimension + j] += value * Double(text.values[j]) }
            }
        }
        let eigenvalues = try Self.decompose(&matrix, order: order)
        // Ascending: the leading ones stand last, an eigenvector a row of what LAPACK takes for columns.
        var directions = Tensor(zeros: [count, dimension])
        for k in 0..<count {
            let row = (dimension - 1 - k) * dimension
            for i in 0..<dimension { directions[k * dimension + i] = Float(matrix[row + i]) }
        }
        self.directions = directions
        let kept = eigenvalues.suffix(count).reduce(0) { $0 + max(0, $1) }
        energy = kept / eigenvalues.reduce(0) { $0 + max(0, $1) }
    }

    /// The eigenvalues of a symmetric matrix, ascending; its eigenvectors take the place of the matrix.
    private static func decompose(_ matrix: inout [Double], order: Int32) throws(RelevanceError) -> [Double] {
        var (order, info): (Int32, Int32) = (order, 0)
        var eigenvalues = [Double](repeating: 0, count: Int(order))
        // What LAPACK says that it needs: 1 + 6 n + 2 n² numbers and 3 + 5 n integers.
        var room = 1 + 6 * order + 2 * order * order
        var integerRoom = 3 + 5 * order
        var work = [Double](repeating: 0, count: Int(room))
        var integers = [Int32](repeating: 0, count: Int(integerRoom))
        // The lower triangle by rows is the upper one by columns.
        dsyevd_(
            "V", "U", &order, &matrix, &order, &eigenvalues, &work, &room, &integers, &integerRoom, &info, 1,
            1)
        guard info == 0 else { throw .value(what: "eigenvalues of the vocabulary", position: Int(info)) }
        return eigenvalues
    }
}
