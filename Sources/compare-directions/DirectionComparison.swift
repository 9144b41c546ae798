import DatabaseReading
import Directions
import QuestionKit

/// Two directions of one database side by side.
struct DirectionComparison {
    let first: DirectionAnswer
    let second: DirectionAnswer
    /// Of the two ∆t.
    let cosineInCLIP: Float
    /// Of the two ∆s, every style in units of its σ, so that layers of large styles do not drown the others.
    let cosineInStyles: Float
    /// Rows that both keep, those that mean most to both first.
    let shared: [Int]
    /// Rows that only one keeps, its strongest first.
    let onlyFirst: [Int]
    let onlySecond: [Int]

    init(_ first: DirectionAnswer, _ second: DirectionAnswer) {
        self.first = first
        self.second = second
        cosineInCLIP = zip(first.text.values, second.text.values).reduce(0) { $0 + $1.0 * $1.1 }
        let (a, b) = (first.direction, second.direction)
        let (keptA, keptB) = (Set(a.kept), Set(b.kept))
        // ∆s_c / σ_c = R_c / max |R|, and a cosine does not see the common factor.
        func length(_ direction: Direction) -> Double {
            direction.kept.reduce(0) {
                $0 + Double(direction.relevance[$1]) * Double(direction.relevance[$1])
            }
            .squareRoot()
        }
        let product = keptA.intersection(keptB).sorted().reduce(0) {
            $0 + Double(a.relevance[$1]) * Double(b.relevance[$1])
        }
        cosineInStyles = Float(product / (length(a) * length(b)))
        func common(_ row: Int) -> Float { min(abs(a.relevance[row]), abs(b.relevance[row])) }
        shared = keptA.intersection(keptB).sorted { (-common($0), $0) < (-common($1), $1) }
        onlyFirst = a.kept.filter { !keptB.contains($0) }
        onlySecond = b.kept.filter { !keptA.contains($0) }
    }
}
