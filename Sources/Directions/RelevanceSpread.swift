import Tensors

/// How much single pairs disagree with their mean, so that a query can say how sure it is.
public struct RelevanceSpread: Sendable {
    /// The standard error of every component of the unit row ∆i_c: `[C, d]`; zero where fewer than two pairs moved.
    public let errors: Tensor

    /// Errors as they were stored: `[C, d]`.
    public init(errors: Tensor) throws(RelevanceError) {
        guard errors.shape.rank == 2 else {
            throw .count(what: "axes of a spread", found: errors.shape.rank, expected: 2)
        }
        self.errors = errors
    }

    /// Errors that whoever summed them up has made: `[C, d]`.
    package init(matrix errors: Tensor) { self.errors = errors }

    /// About the standard error of each R_c = ∆i_c · ∆t, with the components taken as independent: `[C]`.
    /// - Throws: `RelevanceError.count` where the direction is of another width.
    public func standardErrors(along direction: TextDirection) throws(RelevanceError) -> [Float] {
        let dimension = direction.values.count
        guard errors.shape[1] == dimension else {
            throw .count(what: "columns of the spread", found: errors.shape[1], expected: dimension)
        }
        return try errors.withUnsafeValues { values throws(RelevanceError) in
            try Self.standardErrors(
                of: Array(0..<errors.shape[0]), rows: values, along: direction)
        }
    }

    /// The same for some rows, straight from a mapped spread, row-major `[C, d]`.
    /// - Throws: `RelevanceError.count` where a row is outside it.
    public static func standardErrors(
        of channels: [Int], rows: UnsafeBufferPointer<Float>, along direction: TextDirection
    ) throws(RelevanceError) -> [Float] {
        let dimension = direction.values.count
        let height = rows.count / dimension
        if let stranger = channels.first(where: { !(0..<height).contains($0) }) {
            throw .count(
                what: "rows of the spread, for channel \(stranger)", found: height, expected: stranger + 1)
        }
        return channels.map { channel in
            var squared: Float = 0
            for i in 0..<dimension {
                let part = rows[channel * dimension + i] * direction.values[i]
                squared += part * part
            }
            return squared.squareRoot()
        }
    }
}
