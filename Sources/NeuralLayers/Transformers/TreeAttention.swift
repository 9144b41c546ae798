import Glibc
import Tensors

/// Causal multi-head attention in a tree of rows: each row attends to itself and to its ancestors.
///
/// A chain of rows is causal attention in a sequence; a tree is that of many sequences whose beginnings are shared. A
/// row costs as much as its path is long.
public struct TreeAttention: Sendable {
    private let heads: Int
    private let headWidth: Int
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
        guard let keysAndValues = keysAndValues.elements.baseAddress else { return }
        // The rows on the path of the row in hand, and their weights for the head in hand.
        var path: [Int] = []
        var weights: [Float] = []
        for (i, row) in rows.enumerated() {
            Self.follow(row, parents, into: &path)
            while weights.count < path.count { weights.append(0) }
            guard let query = q[row: i].baseAddress, let blend = result[row: i].baseAddress else { continue }
            for column in stride(from: 0, to: width, by: headWidth) {
                attend(query + column, keysAndValues + column, path, &weights, into: blend + column)
            }
        }
    }

    /// Lists a row and its ancestors.
    private static func follow(_ row: Int, _ parents: [Int], into path: inout [Int]) {
        path.removeAll(keepingCapacity: true)
        var next = row
        while next >= 0 {
            precondition(parents[next] < next, "a row's parent stands before it")
            path.append(next)
            next = parents[next]
        }
    }

    /// One head of one row. Each pointer is to the head's first column: of the row that asks, of row 0 of the keys and
    /// values, and of the row that is written; the rows of `path` were checked to be among the keys and values.
    private func attend(
        _ query: UnsafePointer<Float>, _ keysAndValues: UnsafePointer<Float>, _ path: [Int],
        _ weights: inout [Float], into result: UnsafeMutablePointer<Float>
    ) {
        let (headWidth, width) = (headWidth, heads * headWidth)
        let scale = 1 / Float(headWidth).squareRoot()
        var largest = -Float.infinity
        for (i, row) in path.enumerated() {
            weights[i] = Self.dot(query, keysAndValues + row * 2 * width, count: headWidth) * scale
            largest = max(largest, weights[i])
        }
        var sum: Float = 0
        for i in path.indices {
            weights[i] = exp(weights[i] - largest)
            sum += weights[i]
        }
        result.update(repeating: 0, count: headWidth)
        for (i, row) in path.enumerated() {
            Self.add(weights[i] / sum, keysAndValues + row * 2 * width + width, to: result, count: headWidth)
        }
    }

    private typealias Vector = SIMD16<Float>
    private static let lanes = Vector.scalarCount

    private static func dot(
        _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int
    ) -> Float {
        var sums = Vector.zero
        var i = 0
        while i + lanes <= count {
            sums += vector(left + i) * vector(right + i)
            i += lanes
        }
        var sum = sums.sum()
        while i < count {
            sum += left[i] * right[i]
            i += 1
        }
        return sum
    }

    private static func add(
        _ weight: Float, _ value: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>, count: Int
    ) {
        var i = 0
        while i + lanes <= count {
            let sum = vector(result + i) + weight * vector(value + i)
            UnsafeMutableRawPointer(result + i).storeBytes(of: sum, as: Vector.self)
            i += lanes
        }
        while i < count {
            result[i] += weight * value[i]
            i += 1
        }
    }

    private static func vector(_ numbers: UnsafePointer<Float>) -> Vector {
        UnsafeRawPointer(numbers).loadUnaligned(as: Vector.self)
    }
}
