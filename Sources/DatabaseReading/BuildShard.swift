/// One of the equal parts of a build that many machines share out: part `index` of `count`, counted from 1.
///
/// The build's pairs stand in one row, image by image and in an image layer by layer; a part is a stretch of it, so
/// that every layer has a range of images. Parts need nothing from one another.
public struct BuildShard: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The most parts of a build.
    public static let countLimit = 10_000

    public let index: Int
    public let count: Int

    /// Nil unless 1 ≤ `index` ≤ `count` ≤ `countLimit`.
    public init?(index: Int, count: Int) {
        guard (1...Self.countLimit).contains(count), (1...count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    /// From "3/16".
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]) else { return nil }
        self.init(index: index, count: count)
    }

    public var description: String { "\(index)/\(count)" }

    private enum CodingKeys: String, CodingKey {
        case index, count
    }

    /// A part from a manifest, held to the same ranges.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let (index, count) = try (
            values.decode(Int.self, forKey: .index), values.decode(Int.self, forKey: .count)
        )
        guard let shard = Self(index: index, count: count) else {
            throw DecodingError.dataCorruptedError(
                forKey: .index, in: values, debugDescription: "part \(index) of \(count)")
        }
        self = shard
    }

    /// The images of each layer that belong to the part.
    ///
    /// - Parameters:
    ///   - pairs: Images of the whole build, at most `SweepSettings.pairLimit`.
    ///   - channels: Of each layer that is swept, together below 2^27: products stay within 63 bits.
    package func images(pairs: Int, channels: [Int]) -> [Range<Int>] {
        let pairsPerImage = channels.reduce(0, +)
        guard pairsPerImage > 0 else { return [] }
        let total = pairs * pairsPerImage
        // Without `total × index`, which could overflow.
        func boundary(_ index: Int) -> Int { total / count * index + total % count * index / count }
        let (low, high) = (boundary(index - 1), boundary(index))
        var offset = 0
        return channels.map { layer in
            defer { offset += layer }
            // Image i belongs here where its layer begins within the stretch: low ≤ i × pairsPerImage + offset < high.
            func first(_ position: Int) -> Int {
                max(0, (position - offset + pairsPerImage - 1) / pairsPerImage)
            }
            return first(low)..<max(first(low), first(high))
        }
    }
}
