import DatabaseReading
import Relevance

/// Which channels of a layer are known to within the tolerance: they get no more pairs.
///
/// It is decided after every tenth image, from the sums of exactly the images before it, so that neither workers nor
/// interruptions nor later pairs change what is decided.
struct SettledChannels: Hashable, Sendable {
    /// Images between two decisions.
    static let imagesPerRound = 10

    /// The images after which it was decided last: a multiple of `imagesPerRound`.
    private(set) var decided: Int
    /// The pairs after which each channel was known; 0 while it is not.
    private(set) var pairs: [Int64]

    /// Channels of which nothing is known yet.
    init(channels: Int) {
        decided = 0
        pairs = [Int64](repeating: 0, count: channels)
    }

    /// From what `stored` made, or nil where it is none of a layer's so many channels.
    init?(stored: [Int64]) {
        guard let first = stored.first, let decided = Int(exactly: first), decided >= 0,
            decided <= Int(ChannelSums.pairLimit), decided.isMultiple(of: Self.imagesPerRound),
            stored.dropFirst().allSatisfy({ (0...first).contains($0) })
        else { return nil }
        self.decided = decided
        pairs = Array(stored.dropFirst())
    }

    var stored: [Int64] { [Int64(decided)] + pairs }

    /// The places of the channels that are not known yet.
    var open: [Int] { pairs.indices.filter { pairs[$0] == 0 } }

    /// The images that the open channels get next, of so many that are asked for at most; empty where none are left.
    func next(asked: Int) -> Range<Int> {
        guard !open.isEmpty, decided < asked else { return decided..<decided }
        return decided..<min(decided + Self.imagesPerRound, asked)
    }

    /// Decides after a whole round, from the layer's sums.
    mutating func decide(_ sums: ChannelSums, tolerance: Double) {
        decided += Self.imagesPerRound
        for channel in open where sums.angularError(of: channel) <= tolerance {
            pairs[channel] = Int64(decided)
        }
    }
}
