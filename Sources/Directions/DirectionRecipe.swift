/// Which way a text direction leads: from a neutral phrase to another, with further phrases added and taken away, and
/// with others left alone.
public struct DirectionRecipe: Hashable, Sendable, Codable {
    /// What pictures are to become.
    public var phrase: String
    /// What they are.
    public var neutral: String
    /// Phrases that are added to the phrase.
    public var plus: [String]
    /// Phrases that are taken away from it.
    public var minus: [String]
    /// Phrases that pictures are to become neither more nor less like.
    public var without: [String]

    public init(
        phrase: String, neutral: String, plus: [String] = [], minus: [String] = [], without: [String] = []
    ) {
        self.phrase = phrase
        self.neutral = neutral
        self.plus = plus
        self.minus = minus
        self.without = without
    }

    /// The phrases whose embeddings make the direction, the neutral one first.
    public var phrases: [String] { [neutral, phrase] + plus + minus + without }

    /// ∆t = unit(∆(phrase) + Σ ∆(plus) − Σ ∆(minus)) less its projection on the span of ∆(without), to unit norm, where
    /// ∆(p) = unit(E_t(p) − E_t(neutral)). It names the ∆(without) too, for what is nearly theirs in CLIP's space need not be
    /// so in pictures: a direction keeps no channel that moves pictures along one of them (`ChannelChoice.isFree`).
    ///
    /// - Parameter embeddings: Those of `phrases`, in that order.
    /// - Throws: `RelevanceError.count` where there are not as many, `.samePhrases` where a phrase is the neutral one,
    ///   `.nothingLeft` where what is added, taken away and left alone leaves nothing.
    public func textDirection(_ embeddings: [[Float]]) throws(RelevanceError) -> TextDirection {
        guard embeddings.count == phrases.count else {
            throw .count(what: "embeddings of phrases", found: embeddings.count, expected: phrases.count)
        }
        var changes: [[Double]] = []
        for target in embeddings.dropFirst() {
            let change = try TextDirection(target: target, neutral: embeddings[0])
            changes.append(change.values.map(Double.init))
        }
        var rest = changes[...]
        var sum = rest.removeFirst()
        for change in rest.prefix(plus.count) { for i in sum.indices { sum[i] += change[i] } }
        rest = rest.dropFirst(plus.count)
        for change in rest.prefix(minus.count) { for i in sum.indices { sum[i] -= change[i] } }
        for axis in Self.orthonormal(rest.dropFirst(minus.count)) { Self.remove(axis, from: &sum) }
        // What is left of unit vectors that cancel is rounding of float32.
        guard Self.norm(sum) > 1e-4 else { throw .nothingLeft }
        var direction = try TextDirection(sum.map { Float($0) })
        direction.leavingAlone = rest.dropFirst(minus.count).map { $0.map { Float($0) } }
        return direction
    }

    /// An orthonormal base of what vectors span (Gram and Schmidt, modified).
    private static func orthonormal(_ vectors: ArraySlice<[Double]>) -> [[Double]] {
        var base: [[Double]] = []
        for vector in vectors {
            var vector = vector
            for axis in base { remove(axis, from: &vector) }
            let length = norm(vector)
            // A phrase that the others span already adds nothing but rounding.
            if length > 1e-4 { base.append(vector.map { $0 / length }) }
        }
        return base
    }

    /// Takes the part along a unit vector out of another vector.
    private static func remove(_ axis: [Double], from vector: inout [Double]) {
        let part = zip(axis, vector).reduce(0) { $0 + $1.0 * $1.1 }
        for i in vector.indices { vector[i] -= part * axis[i] }
    }

    private static func norm(_ vector: [Double]) -> Double {
        vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}
