import Directions

/// To what angle a build was to know every channel's direction, and how many pairs that took.
public struct ToleranceRecord: Hashable, Sendable, Codable {
    /// The standard error of a channel's direction in radians; one that is known as well gets no more pairs.
    public let angle: Double
    /// The pairs behind each row of the table, `[C]`; nil before there is one.
    public var pairs: [Int]?

    /// - Throws: `RelevanceError.setting` for an angle that is none or says nothing.
    public init(angle: Double) throws(RelevanceError) {
        guard angle > 0, angle <= 1 else {
            throw .setting(
                name: "tolerance", value: "\(angle)", needed: "an angle above 0 and at most 1 radian")
        }
        self.angle = angle
    }

    /// What is outside its range, if anything is.
    func firstProblem(channels: Int, pairsAsked: Int) -> String? {
        if !(angle > 0 && angle <= 1) { return "a tolerance of \(angle)" }
        guard let pairs else { return nil }
        if pairs.count != channels || !pairs.allSatisfy((0...pairsAsked).contains) {
            return "pairs of channels that are not \(channels) numbers up to \(pairsAsked)"
        }
        return nil
    }
}
