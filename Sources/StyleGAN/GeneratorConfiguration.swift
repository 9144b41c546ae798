import Checkpoints
import Tensors

/// The sizes of a generator, all read off the shapes of its weights.
public struct GeneratorConfiguration: Hashable, Sendable {
    /// One synthesis block: its resolution and the channels of its maps.
    public struct Block: Hashable, Sendable {
        public let resolution: Int
        public let channels: Int
    }

    public let zDimension: Int
    public let wDimension: Int
    public let mappingDepth: Int
    /// From 4 × 4 on, each of twice the resolution.
    public let blocks: [Block]

    /// The side of a picture in pixels.
    public var resolution: Int { blocks.last?.resolution ?? 0 }

    /// The number of w's in w+: two a block, the last shared with the next block's first; 2 log2(R) − 2.
    public var latentCount: Int { 2 * blocks.count }

    /// - Throws: `GeneratorError.notAGenerator` that says what the file seems to be, or what is missing.
    init(_ checkpoint: Checkpoint) throws(GeneratorError) {
        func refuse(_ reason: String) -> GeneratorError {
            .notAGenerator(path: checkpoint.path, reason: reason)
        }
        guard let const = checkpoint.shape(of: "synthesis.b4.const") else {
            if checkpoint.contains("visual.proj") { throw refuse("it looks like CLIP; give it to --clip") }
            if checkpoint.contains("synthesis.input.weight") { throw refuse("it looks like StyleGAN3") }
            if checkpoint.contains("b4.out.weight") { throw refuse("it looks like a discriminator") }
            throw refuse("it has no \"synthesis.b4.const\", NVIDIA's name of the first tensor")
        }
        if checkpoint.contains("mapping.embed.weight") {
            throw refuse("it is class-conditional, which is not supported yet")
        }
        guard const.rank == 3, const[1] == 4, const[2] == 4 else {
            throw refuse("\"synthesis.b4.const\" has shape \(const) where [channels, 4, 4] is needed")
        }
        var blocks = [Block(resolution: 4, channels: const[0])]
        while let last = blocks.last, last.resolution < 1024 {
            let name = "synthesis.b\(last.resolution * 2).conv1.weight"
            guard let shape = checkpoint.shape(of: name) else { break }
            guard shape.rank == 4, shape[0] == shape[1] else {
                throw refuse("\"\(name)\" has shape \(shape) where [C, C, 3, 3] is needed")
            }
            blocks.append(Block(resolution: last.resolution * 2, channels: shape[0]))
        }
        guard blocks.count >= 3 else { throw refuse("it has no block of 16 × 16 pixels") }
        if let narrow = blocks.first(where: { $0.channels < 4 || $0.channels > 1 << 14 }) {
            throw refuse("b\(narrow.resolution) has \(narrow.channels) channels, from 4 to 16384 can be used")
        }
        self.blocks = blocks

        guard let first = checkpoint.shape(of: "mapping.fc0.weight"), first.rank == 2,
            let affine = checkpoint.shape(of: "synthesis.b4.conv1.affine.weight"), affine.rank == 2,
            (1...1 << 14).contains(first[1]), (1...1 << 14).contains(affine[1])
        else { throw refuse("its mapping network or its affine layers are missing or of no usable size") }
        zDimension = first[1]
        wDimension = affine[1]
        var depth = 0
        while depth < 64, checkpoint.contains("mapping.fc\(depth).weight") { depth += 1 }
        mappingDepth = depth
    }
}
