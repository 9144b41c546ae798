import Checkpoints
import NeuralLayers
import Tensors

/// A checkpoint read as a CLIP: tensors by their part in the network, every shape checked.
struct CLIPWeights: Sendable {
    let checkpoint: Checkpoint
    let names: CLIPNames

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        names = CLIPNames(recognising: checkpoint)
    }

    /// A layer norm's two tensors.
    struct Norm: Sendable {
        let gain, bias: Tensor
    }

    /// Throws unless every tensor that the towers need is there and has its shape; reads no weights.
    func verify(_ configuration: CLIPConfiguration) throws(CLIPError) {
        let (image, text) = (configuration.image, configuration.text)
        if let residual = configuration.residual {
            try verify(residual, configuration)
        } else {
            let side = configuration.patchSize
            try require(names.patches, [image.width, 3, side, side])
            try require(names.classToken, [image.width])
            try require(names.imagePositions, [configuration.imageTokens, image.width])
            for norm in [names.normPre, names.normPost] { try requireLayer(norm, [image.width]) }
            try requireProjection(names.imageProjection, width: image.width, configuration)
            for layer in 0..<image.layers { try verify(names.block(.image, layer), image) }
        }
        try require(names.tokens, [configuration.vocabularySize, text.width])
        try require(names.textPositions, [configuration.contextLength, text.width])
        try requireLayer(names.normFinal, [text.width])
        try requireProjection(names.textProjection, width: text.width, configuration)
        for layer in 0..<text.layers { try verify(names.block(.text, layer), text) }
    }

    private func requireProjection(
        _ name: String, width: Int, _ configuration: CLIPConfiguration
    ) throws(CLIPError) {
        let d = configuration.dimension
        try require(name, names.isProjectionTransposed ? [d, width] : [width, d])
    }

    /// The same for a ResNet's image tower.
    private func verify(_ sizes: ResidualSizes, _ configuration: CLIPConfiguration) throws(CLIPError) {
        let residual = names.residual
        func require(_ convolution: String, _ norm: String, _ shape: Shape) throws(CLIPError) {
            try self.require(convolution + ".weight", shape)
            for part in ["weight", "bias", "running_mean", "running_var"] {
                try self.require("\(norm).\(part)", [shape[0]])
            }
        }
        let half = sizes.width / 2
        try require(residual.image + "conv1", residual.image + "bn1", [half, 3, 3, 3])
        try require(residual.image + "conv2", residual.image + "bn2", [half, half, 3, 3])
        try require(residual.image + "conv3", residual.image + "bn3", [sizes.width, half, 3, 3])
        for (stage, count) in sizes.blocks.enumerated() {
            for block in 0..<count {
                let name = residual.block(stage: stage, block)
                let (inputs, middle) = (sizes.inputs(stage: stage, block: block), sizes.middle(stage: stage))
                let outputs = middle * ResidualSizes.expansion
                try require(name + "conv1", name + "bn1", [middle, inputs, 1, 1])
                try require(name + "conv2", name + "bn2", [middle, middle, 3, 3])
                try require(name + "conv3", name + "bn3", [outputs, middle, 1, 1])
                if sizes.hasShortcut(stage: stage, block: block) {
                    try require(name + "downsample.0", name + "downsample.1", [outputs, inputs, 1, 1])
                }
            }
        }
        let width = sizes.features
        try self.require(names.imagePositions, [configuration.imageTokens, width])
        for layer in ["q_proj", "k_proj", "v_proj"] {
            try requireLayer(residual.pool + layer, [width, width])
        }
        try requireLayer(residual.pool + "c_proj", [configuration.dimension, width])
    }

    /// The sizes of a ResNet, or nil where the image tower is none.
    func residualSizes() throws(CLIPError) -> ResidualSizes? {
        let residual = names.residual
        guard checkpoint.contains(residual.pool + "positional_embedding") else { return nil }
        let width = try extents(of: residual.block(stage: 0, 0) + "conv1.weight", rank: 4)[0]
        guard (2...1 << 10).contains(width), width.isMultiple(of: 2) else {
            throw notCLIP("its ResNet has blocks of \(width) channels")
        }
        let blocks = (0..<4).map { stage in
            (0..<256).first { !checkpoint.contains(residual.block(stage: stage, $0) + "conv1.weight") } ?? 256
        }
        guard blocks.allSatisfy({ (1..<256).contains($0) }) else {
            throw notCLIP("its ResNet has stages of \(blocks) blocks")
        }
        return ResidualSizes(width: width, blocks: blocks)
    }

    private func verify(_ block: CLIPNames.Block, _ tower: CLIPConfiguration.Tower) throws(CLIPError) {
        let width = tower.width
        try requireLayer(block.norm1, [width])
        try requireLayer(block.norm2, [width])
        try requireLayer(block.out, [width, width])
        try requireLayer(block.expand, [tower.hiddenWidth, width])
        try requireLayer(block.contract, [width, tower.hiddenWidth])
        switch block.projections {
        case .joined(let weight, let bias):
            try require(weight, [3 * width, width])
            try require(bias, [3 * width])
        case .separate(let query, let key, let value):
            for layer in [query, key, value] { try requireLayer(layer, [width, width]) }
        }
    }

    /// A layer's weight, and a bias of the weight's first extent.
    private func requireLayer(_ layer: String, _ shape: Shape) throws(CLIPError) {
        try require(layer + ".weight", shape)
        try require(layer + ".bias", [shape[0]])
    }

    private func require(_ name: String, _ expected: Shape) throws(CLIPError) {
        guard let found = checkpoint.shape(of: name) else { throw missing(name) }
        guard found == expected else {
            throw .weights(
                .mismatch(path: checkpoint.path, name: name, found: found, expected: expected))
        }
    }

    /// The positive extents of a tensor that must be there.
    func extents(of name: String, rank: Int) throws(CLIPError) -> [Int] {
        guard let shape = checkpoint.shape(of: name) else { throw missing(name) }
        guard shape.rank == rank, shape.count > 0, shape.count < 1 << 34 else {
            throw notCLIP("\(name) has shape \(shape) where \(rank) extents from 1 on are needed")
        }
        return shape.dimensions
    }

    /// The number of a tower's blocks: one more than the largest that a name holds.
    func layerCount(of tower: CLIPNames.Tower) throws(CLIPError) -> Int {
        let prefix = names.blocks(tower)
        let numbers = checkpoint.names.lazy.filter { $0.hasPrefix(prefix) }
            .compactMap { Int($0.dropFirst(prefix.count).prefix { $0 != "." }) }
        guard let last = numbers.max() else { throw missing(names.block(tower, 0).norm1 + ".weight") }
        guard (0..<512).contains(last) else { throw notCLIP("\(prefix)\(last) is one block too many") }
        return last + 1
    }

    func missing(_ name: String) -> CLIPError {
        switch CheckpointKind(checkpoint) {
        case .clip, .clipTower, .unknown: break
        case let kind: return notCLIP(kind.refusal)
        }
        do throws(CheckpointError) {
            _ = try checkpoint.tensor(name)
            return notCLIP("\(name) is of no use")
        } catch {
            return .weights(error)
        }
    }

    func notCLIP(_ reason: String) -> CLIPError { .notCLIP(path: checkpoint.path, reason: reason) }

    func tensor(_ name: String) throws(CLIPError) -> Tensor {
        do throws(CheckpointError) {
            return try checkpoint.tensor(name)
        } catch {
            throw .weights(error)
        }
    }

    /// A matrix that stays in the file, in half precision where it is stored so.
    func matrix(_ name: String) throws(CLIPError) -> StoredMatrix {
        do throws(CheckpointError) {
            return try checkpoint.matrix(name)
        } catch {
            throw .weights(error)
        }
    }

    func norm(_ layer: String) throws(CLIPError) -> Norm {
        Norm(gain: try tensor(layer + ".weight"), bias: try tensor(layer + ".bias"))
    }

    /// A projection to embeddings, `[d, W]`.
    func projection(_ name: String) throws(CLIPError) -> Tensor {
        let found = try tensor(name)
        guard !names.isProjectionTransposed else { return found }
        let (width, d) = (found.shape[0], found.shape[1])
        var transposed = Tensor(zeros: [d, width])
        found.withUnsafeValues { source in
            transposed.withUnsafeMutableValues { target in
                for i in 0..<width {
                    for j in 0..<d { target[j * width + i] = source[i * d + j] }
                }
            }
        }
        return transposed
    }
}
