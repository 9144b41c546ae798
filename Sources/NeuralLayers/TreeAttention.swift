import Glibc
import Tensors

/// Causal multi-head attention in a tree of rows: each row attends to itself and to its ancestors.
///
/// A chain of rows is causal attention in a sequence; a tree is that of many sequences whose beginnings are shared. A
/// row costs as much as its path is long. Belongs to one thread at a time.
public final class TreeAttention {
    private let heads: Int
    private let headWidth: Int
    /// The rows on the path of the row in hand, and their weights for the head in hand.
    private var path: [Int] = []
    private var weights: [Float] = []

    public init(heads: Int, headWidth: Int) throws(NeuralLayerError) {
        guard min(heads, headWidth) > 0 else {
            throw .unsupported(
                operation: "attention", shape: [], reason: "heads and their width are from 1 on")
        }
        (self.heads, self.headWidth) = (heads, headWidth)
    }

    /// - Parameters:
    ///   - q: `[≥ rows.count, H × D]`, the query of `rows[i]` in row i.
    ///   - keysAndValues: `[≥ parents.count, 2 × H × D]`, a row's keys before its values.
    ///   - rows: which rows of the tree ask.
    ///   - parents: the row above each row, which has a smaller number; −1 for a root.
    ///   - result: `[≥ rows.count, H × D]`
    public func callAsFunction(
        queries q: Activations, keysAndValues: Activations, rows: some Collection<Int>, parents: [Int],
        into result: Activations
    ) {
        let width = heads * headWidth
        precondition(q.width == width && keysAndValues.width == 2 * width && result.width == width)
        precondition(q.rows >= rows.count && result.rows >= rows.count && keysAndValues.rows >= parents.count)
        let scale = 1 / Float(headWidth).squareRoot()
        for (i, row) in rows.enumerated() {
            follow(row, parents)
            for head in 0..<heads {
                let columns = head * headWidth..<(head + 1) * headWidth
                attend(
                    UnsafeBufferPointer(rebasing: q[row: i][columns]), keysAndValues, columns.lowerBound,
                    scale,
                    into: UnsafeMutableBufferPointer(rebasing: result[row: i][columns]))
            }
        }
    }

    /// Lists a row and its ancestors.
    private func follow(_ row: Int, _ parents: [Int]) {
        path.removeAll(keepingCapacity: true)
        var next = row
        while next >= 0 {
            path.append(next)
            precondition(parents[next] < next, "a row's parent stands before it")
            next = parents[next]
        }
        if weights.count < path.count { weights = [Float](repeating: 0, count: 2 * path.count) }
    }

    /// One head of one row.
    private func attend(
        _ query: UnsafeBufferPointer<Float>, _ keysAndValues: Activations, _ column: Int, _ scale: Float,
        into result: UnsafeMutableBufferPointer<Float>
    ) {
        let width = heads * headWidth
        var largest = -Float.infinity
        for (i, row) in path.enumerated() {
            let key = keysAndValues[row: row][column..<column + headWidth]
            weights[i] = Self.dot(query, UnsafeBufferPointer(rebasing: key)) * scale
            largest = max(largest, weights[i])
        }
        var sum: Float = 0
        for i in path.indices {
            weights[i] = exp(weights[i] - largest)
            sum += weights[i]
        }
        result.update(repeating: 0)
        for (i, row) in path.enumerated() {
            let weight = weights[i] / sum
            let value = keysAndValues[row: row][width + column..<width + column + headWidth]
            let start = value.startIndex
            for j in 0..<headWidth { result[j] += weight * value[start + j] }
        }
    }

    /// In eight sums side by side, so that the processor's vectors are used.
    private static func dot(_ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>) -> Float
    {
        var sums = SIMD8<Float>.zero
        var i = 0
        while i + 8 <= left.count {
            sums +=
                UnsafeRawBufferPointer(left).loadUnaligned(fromByteOffset: i * 4, as: SIMD8<Float>.self)
                * UnsafeRawBufferPointer(right).loadUnaligned(fromByteOffset: i * 4, as: SIMD8<Float>.self)
            i += 8
        }
        var sum = sums.sum()
        while i < left.count {
            sum += left[i] * right[i]
            i += 1
        }
        return sum
    }
}
