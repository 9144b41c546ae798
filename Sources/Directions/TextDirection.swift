/// ∆t: the unit direction from a neutral phrase to a target phrase among the text embeddings.
public struct TextDirection: Hashable, Sendable {
    /// Unit norm: `[d]`.
    public let values: [Float]
    /// What pictures are to become neither more nor less like: unit norm, `[d]` each.
    public var leavingAlone: [[Float]] = []

    /// ∆t = unit(unit(target) − unit(neutral)).
    ///
    /// - Parameters:
    ///   - target: The prompt ensemble's embedding of what images should become.
    ///   - neutral: The ensemble's embedding of what they are.
    /// - Throws: `RelevanceError.count` where the widths differ, `.value` where an embedding is zero or not finite,
    ///   `.samePhrases` where nothing lies between the two.
    public init(target: [Float], neutral: [Float]) throws(RelevanceError) {
        guard target.count == neutral.count else {
            throw .count(what: "embedding of the phrase", found: target.count, expected: neutral.count)
        }
        let from = try Self.unit(neutral, of: "embedding of the neutral phrase")
        let to = try Self.unit(target, of: "embedding of the phrase")
        let change = zip(to, from).map { $0 - $1 }
        let norm = change.reduce(0) { $0 + $1 * $1 }.squareRoot()
        // Two encodings of one meaning still differ by the rounding of float32.
        guard norm > 1e-6 else { throw .samePhrases }
        values = change.map { Float($0 / norm) }
    }

    /// A direction of any norm, as it was stored or computed elsewhere.
    /// - Throws: `RelevanceError.value` where it is zero or not finite.
    public init(_ direction: [Float]) throws(RelevanceError) {
        values = try Self.unit(direction, of: "text direction").map { Float($0) }
    }

    private static func unit(_ values: [Float], of what: String) throws(RelevanceError) -> [Double] {
        let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard norm > 0, norm.isFinite else {
            throw .value(what: what, position: values.firstIndex { !$0.isFinite } ?? 0)
        }
        return values.map { Double($0) / norm }
    }
}
