/// ∆s: the change of the style code that makes images more like a phrase.
public struct Direction: Sendable {
    /// ∆s in the units of the style code, zero where no channel was kept and in toRGB layers: `[C_total]`.
    public let change: [Float]
    /// R_c of every swept channel, before the threshold: `[C]`.
    public let relevance: [Float]
    /// β: channels with |R_c| below it were left out.
    public let threshold: Float
    /// The kept swept channels, the most relevant first.
    public let kept: [Int]

    /// ∆s_c = R_c / max |R| · σ_c where |R_c| ≥ β, and 0 elsewhere.
    ///
    /// - Parameters:
    ///   - relevance: R of every swept channel: `[C]`.
    ///   - deviation: σ of every style: `[C_total]`.
    ///   - isKept: Further channels are left out for which it is false, asked only of those that reach β.
    /// - Throws: `RelevanceError.nothingKept` with thresholds that keep something, `.count` and `.value` where the
    ///   parts do not fit together.
    public init(
        relevance: [Float], deviation: [Float], channels: SweptChannels, threshold: Float,
        where isKept: (Int) -> Bool = { _ in true }
    ) throws(RelevanceError) {
        guard relevance.count == channels.count else {
            throw .count(what: "relevance", found: relevance.count, expected: channels.count)
        }
        guard deviation.count == channels.total else {
            throw .count(what: "standard deviations", found: deviation.count, expected: channels.total)
        }
        guard threshold >= 0, threshold.isFinite else {
            throw .setting(name: "β", value: "\(threshold)", needed: "a number from 0 to 1")
        }
        if let position = relevance.firstIndex(where: { !$0.isFinite }) {
            throw .value(what: "relevance", position: position)
        }
        let largest = relevance.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest >= threshold else {
            throw .nothingKept(
                threshold: threshold, largest: largest, suggestions: Self.thresholds(for: relevance))
        }
        let kept = relevance.indices.filter {
            abs(relevance[$0]) >= threshold && relevance[$0] != 0 && isKept($0)
        }
        var change = [Float](repeating: 0, count: channels.total)
        for row in kept {
            let position = channels.positions[row]
            change[position] = relevance[row] / largest * deviation[position]
        }
        self.change = change
        self.relevance = relevance
        self.threshold = threshold
        self.kept = kept.sorted { (-abs(relevance[$0]), $0) < (-abs(relevance[$1]), $1) }
    }

    /// The largest β that keeps at least `count` channels: the count-th largest |R|, or nil where fewer are not zero.
    public static func threshold(keeping count: Int, of relevance: [Float]) -> Float? {
        let sizes = relevance.map { abs($0) }.filter { $0 > 0 }.sorted(by: >)
        return sizes.indices.contains(count - 1) ? sizes[count - 1] : nil
    }

    private static func thresholds(for relevance: [Float]) -> [ThresholdSuggestion] {
        let thresholds = [1, 10, 50].compactMap { threshold(keeping: $0, of: relevance) }
        // Where |R| are equal, one of them keeps several channels.
        return thresholds.indices.filter { !thresholds[..<$0].contains(thresholds[$0]) }.map { i in
            ThresholdSuggestion(
                threshold: thresholds[i], channels: relevance.count { abs($0) >= thresholds[i] })
        }
    }
}
