import Checkpoints
import Tensors

/// The sizes of a generator, all read off the shapes of its weights.
public struct GeneratorConfiguration: Hashable, Sendable {
    /// One synthesis block: its resolution and the channels of its maps.
    public struct Block: Hashable, Sendable {
        /// The height of its maps.
        public let resolution: Int
        public let channels: Int
    }

    public let zDimension: Int
    public let wDimension: Int
    public let mappingDepth: Int
    /// From a height of 4 on, each of twice the resolution.
    public let blocks: [Block]
    /// The classes of a class-conditional generator; 0 for one that knows none.
    public let classCount: Int
    /// The width of the first map, whose height is 4: 4, or 2 for StyleGAN-Human's tall pictures.
    public let firstWidth: Int

    /// The height of a picture in pixels; a square one's side.
    public var resolution: Int { blocks.last?.resolution ?? 0 }

    /// The width of a picture in pixels.
    public var width: Int { width(at: resolution) }

    /// The number of w's in w+: two a block, the last shared with the next block's first; 2 log2(R) − 2.
    public var latentCount: Int { 2 * blocks.count }

    /// The width of maps of a height.
    public func width(at resolution: Int) -> Int { resolution / 4 * firstWidth }

    /// The filter that the resampling layers are written for.
    private static let resamplingFilter: [Float] = [1, 3, 3, 1]

    /// - Throws: `GeneratorError.notAGenerator` that says what is missing or of no usable size.
    init(_ weights: GeneratorWeights) throws(GeneratorError) {
        let constName = weights.name(of: "synthesis.b4.const")
        guard let const = weights.shape(of: "synthesis.b4.const", rank: 3), const.rank == 3, const[1] == 4,
            (1...8).contains(const[2])
        else {
            let found = weights.checkpoint.shape(of: constName).map(\.description) ?? "none"
            throw weights.refuse(
                "\"\(constName)\" has shape \(found) where [channels, 4, width] is needed, of a width from 1 to 8"
            )
        }
        firstWidth = const[2]
        var blocks = [Block(resolution: 4, channels: const[0])]
        while let last = blocks.last, last.resolution < 1024 {
            let block = "synthesis.b\(last.resolution * 2)."
            let part = block + "conv1.weight"
            // Any of a block's tensors tells that there is such a block, so that a missing one is missed.
            guard
                ["conv1.weight", "conv0.weight", "torgb.weight"].contains(where: {
                    weights.contains(block + $0)
                })
            else { break }
            guard let shape = weights.shape(of: part, rank: 4), shape.rank == 4, shape[0] == shape[1] else {
                let found = weights.shape(of: part, rank: 4).map { "has shape \($0)" } ?? "is missing"
                throw weights.refuse("\"\(weights.name(of: part))\" \(found) where [C, C, 3, 3] is needed")
            }
            blocks.append(Block(resolution: last.resolution * 2, channels: shape[0]))
        }
        guard !weights.contains("synthesis.b2048.conv1.weight") else {
            throw weights.refuse("it draws 2048 pixels or more, up to 1024 can be used")
        }
        guard blocks.count >= 3 else { throw weights.refuse("it has no block of 16 × 16 pixels") }
        if let narrow = blocks.first(where: { $0.channels < 4 || $0.channels > 1 << 14 }) {
            throw weights.refuse(
                "b\(narrow.resolution) has \(narrow.channels) channels, from 4 to 16384 can be used")
        }
        if !weights.contains("synthesis.b4.torgb.weight") {
            throw weights.refuse("its architecture is not \"skip\": 4 × 4 pixels have no toRGB layer")
        }
        self.blocks = blocks

        guard let first = weights.shape(of: "mapping.fc0.weight", rank: 2), first.rank == 2,
            let affine = weights.shape(of: "synthesis.b4.conv1.affine.weight", rank: 2), affine.rank == 2,
            (1...1 << 14).contains(first[1]), (1...1 << 14).contains(affine[1])
        else {
            throw weights.refuse("its mapping network or its affine layers are missing or of no usable size")
        }
        wDimension = affine[1]
        var depth = 0
        while depth < 64,
            weights.contains("mapping.fc\(depth).weight") || weights.contains("mapping.fc\(depth).bias")
        { depth += 1 }
        mappingDepth = depth

        if let embedding = weights.shape(of: "mapping.embed.weight", rank: 2) {
            guard embedding.rank == 2, (1..<first[1]).contains(embedding[0]),
                (1...1 << 16).contains(embedding[1])
            else { throw weights.refuse("its embedding of classes has shape \(embedding)") }
            classCount = embedding[1]
            zDimension = first[1] - embedding[0]
        } else {
            classCount = 0
            zDimension = first[1]
        }
        try Self.requireFilter(weights, blocks)
    }

    /// Throws where the file was made with another filter between resolutions, which would draw other pictures.
    private static func requireFilter(
        _ weights: GeneratorWeights, _ blocks: [Block]
    ) throws(GeneratorError) {
        let part = "synthesis.b\(blocks[1].resolution).conv0.resample_filter"
        guard weights.contains(part) else { return }
        let name = weights.name(of: part)
        let filter = try reading { () throws(CheckpointError) in try weights.checkpoint.tensor(name) }
        let sum = filter.values.reduce(0, +)
        let known = resamplingFilter.flatMap { row in resamplingFilter.map { row * $0 / 64 } }
        guard filter.count == known.count, zip(filter.values, known).allSatisfy({ abs($0 / sum - $1) < 1e-5 })
        else { throw weights.refuse("\"\(name)\" is another filter than [1, 3, 3, 1]") }
    }
}
