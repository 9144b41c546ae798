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

    /// What may stand within the towers and changes nothing that they compute.
    private static let idle = ["num_batches_tracked", "position_ids", "attn_mask"]

    /// Throws unless every tensor that the towers need is there and has its shape, and no other that belongs to them;
    /// reads no weights.
    func verify(_ configuration: CLIPConfiguration) throws(CLIPError) {
        var required: Set<String> = []
        for (name, expected) in CLIPShapes(configuration, names).tensors {
            guard let found = checkpoint.shape(of: name) else { throw missing(name) }
            guard found == expected else {
                throw .weights(
                    .mismatch(path: checkpoint.path, name: name, found: found, expected: expected))
            }
            required.insert(name)
        }
        for name in checkpoint.names where names.isOfTower(name) && !required.contains(name) {
            guard Self.idle.contains(where: name.hasSuffix) else {
                throw notCLIP("\(name) belongs to a variant of CLIP that is not read")
            }
        }
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
        return .weights(checkpoint.unknown(name))
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
