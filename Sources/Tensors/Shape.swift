/// The extents of a tensor, slowest-varying first: `[N, C, H, W]`.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The extent of each axis; none is negative.
    public let dimensions: [Int]

    /// The number of elements.
    public let count: Int

    /// - Throws: `ShapeError.invalid` where an extent is negative or the number of elements overflows.
    public init(_ dimensions: [Int]) throws(ShapeError) {
        var count = 1
        for extent in dimensions {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw .invalid(dimensions) }
            count = product
        }
        self.dimensions = dimensions
        self.count = count
    }

    /// A shape written in source. Extents from outside the program go through `init(_:)`, which throws.
    public init(arrayLiteral elements: Int...) {
        precondition(elements.allSatisfy { $0 >= 0 }, "a shape's extents are not negative: \(elements)")
        dimensions = elements
        count = elements.reduce(1, *)
    }

    /// The number of axes.
    public var rank: Int { dimensions.count }

    public subscript(axis: Int) -> Int { dimensions[axis] }

    public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}

/// What can be wrong with the shape of a tensor.
public enum ShapeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A negative extent, or more elements than can be counted.
    case invalid([Int])
    /// A tensor of one shape where another was needed; `what` names the tensor.
    case mismatch(what: String, found: Shape, expected: Shape)
    /// A number of values that does not fill the shape.
    case count(found: Int, expected: Shape)

    public var description: String {
        switch self {
        case .invalid(let dimensions): "\(dimensions) is not a shape of a tensor"
        case .mismatch(let what, let found, let expected):
            "\(what) has shape \(found) where \(expected) is needed"
        case .count(let found, let expected): "\(found) values do not fill shape \(expected)"
        }
    }
}
