import Tensors

/// ∆i: for every swept channel, the unit direction in which raising its style moves an image's embedding.
public struct RelevanceTable: Sendable {
    /// Row-major `[C, d]`; rows have unit norm, or are zero where no pair moved.
    public let rows: Tensor

    /// The number of channels, C.
    public var channels: Int { rows.shape[0] }
    /// The width of an embedding, d.
    public var dimension: Int { rows.shape[1] }

    /// A table as it was stored: `[C, d]`.
    /// - Throws: `RelevanceError.count` where it is not a matrix with at least one column.
    public init(rows: Tensor) throws(RelevanceError) {
        guard rows.shape.rank == 2 else {
            throw .count(what: "axes of a relevance table", found: rows.shape.rank, expected: 2)
        }
        guard rows.shape[1] > 0 else {
            throw .count(what: "columns of a relevance table", found: 0, expected: 1)
        }
        self.rows = rows
    }

    /// Rows that whoever summed them up has made: `[C, d]`, d at least 1.
    package init(matrix rows: Tensor) { self.rows = rows }

    /// R_c = ∆i_c · ∆t of every channel: `[C]`, in [-1, 1].
    /// - Throws: `RelevanceError.count` where the table is of another embedding's width.
    public func relevance(to direction: TextDirection) throws(RelevanceError) -> [Float] {
        try rows.withUnsafeValues { values throws(RelevanceError) in
            try Self.relevance(ofRows: values, channels: channels, to: direction)
        }
    }

    /// The same for many directions at once, by one matrix product: an array for each, `[C]`.
    /// - Throws: `RelevanceError.count` where the values are not `channels` rows of the directions' width.
    public static func relevance(
        ofRows rows: UnsafeBufferPointer<Float>, channels: Int, to directions: [TextDirection]
    ) throws(RelevanceError) -> [[Float]] {
        guard let width = directions.first?.values.count else { return [] }
        if let other = directions.first(where: { $0.values.count != width }) {
            throw .count(what: "numbers of a text direction", found: other.values.count, expected: width)
        }
        if directions.count > 1, rows.count == channels * width {
            let text = directions.flatMap(\.values)
            let product = text.withUnsafeBufferPointer {
                MatrixProduct.compute($0, rows, m: directions.count, n: channels, k: width)
            }
            if let product {
                return directions.indices.map { Array(product[$0 * channels..<($0 + 1) * channels]) }
            }
        }
        var relevance: [[Float]] = []
        for direction in directions {
            relevance.append(try Self.relevance(ofRows: rows, channels: channels, to: direction))
        }
        return relevance
    }

    /// R_c = ∆i_c · ∆t straight from a mapped table, row-major `[C, d]`.
    /// - Throws: `RelevanceError.count` where the values are not `channels` rows of the direction's width.
    public static func relevance(
        ofRows rows: UnsafeBufferPointer<Float>, channels: Int, to direction: TextDirection
    ) throws(RelevanceError) -> [Float] {
        let (expected, overflow) = channels.multipliedReportingOverflow(by: direction.values.count)
        guard !overflow, rows.count == expected else {
            throw .count(
                what: "values of a relevance table for text embeddings of \(direction.values.count) numbers",
                found: rows.count, expected: expected)
        }
        return direction.values.withUnsafeBufferPointer { direction in
            [Float](unsafeUninitializedCapacity: channels) { relevance, count in
                MatrixVectorProduct.compute(rows, direction, into: relevance.baseAddress, count: channels)
                count = channels
            }
        }
    }
}
