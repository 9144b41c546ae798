import Checkpoints
import Tensors

/// The sizes of a CLIP, all read off the shapes of its weights.
public struct CLIPConfiguration: Hashable, Sendable {
    /// The width of an embedding, d.
    public let dimension: Int
    /// The side of the pictures that the vision transformer takes.
    public let imageResolution: Int
    public let patchSize: Int
    public let visionWidth: Int
    public let visionHeads: Int
    /// The most tokens of a text, start and end marks included.
    public let contextLength: Int
    public let vocabularySize: Int
    public let textWidth: Int
    public let textHeads: Int

    init(_ checkpoint: Checkpoint, textHeads: Int?) throws(CLIPError) {
        func shape(_ name: String, rank: Int) throws(CLIPError) -> [Int] {
            guard let shape = checkpoint.shape(of: name) else {
                let seems = checkpoint.contains("synthesis.b4.const") ? "it looks like a generator, and " : ""
                throw .notCLIP(path: checkpoint.path, reason: "\(seems)it has no \"\(name)\"")
            }
            guard shape.rank == rank, shape.dimensions.allSatisfy({ (1...1 << 20).contains($0) }) else {
                throw .notCLIP(path: checkpoint.path, reason: "\"\(name)\" has shape \(shape)")
            }
            return shape.dimensions
        }
        let patches = try shape("visual.conv1.weight", rank: 4)
        let positions = try shape("visual.positional_embedding", rank: 2)
        let grid = Int(Double(positions[0] - 1).squareRoot().rounded())
        guard grid * grid == positions[0] - 1, grid > 0, grid <= 256, patches[1] == 3,
            patches[2] == patches[3],
            patches[2] <= 256
        else {
            throw .notCLIP(
                path: checkpoint.path, reason: "its patches or positions are not those of a square")
        }
        visionWidth = patches[0]
        patchSize = patches[2]
        imageResolution = grid * patchSize
        dimension = try shape("visual.proj", rank: 2)[1]
        contextLength = try shape("positional_embedding", rank: 2)[0]
        let tokens = try shape("token_embedding.weight", rank: 2)
        vocabularySize = tokens[0]
        textWidth = tokens[1]
        visionHeads = max(1, visionWidth / 64)
        self.textHeads = textHeads ?? max(1, textWidth / 64)
    }
}
