import Tensors

/// A latent mapper (StyleCLIP, section 5): from a face's w+ to the step that makes it more like one phrase,
/// ŵ = w + 0.1 · M(w).
///
/// M is a network for every level of w's; w's of a level that it has none for stay. Each normalises what it is given
/// (`MapperNetwork`), and has four layers y = √2 · lrelu(0.01/√d · W x + 0.01 b).
public struct LatentMapper: Equatable, Sendable {
    /// A level's network: four layers of weights `[d, d]` and biases `[d]`.
    public struct Level: Equatable, Sendable {
        public let level: MapperLevel
        public var weights: [Tensor]
        public var biases: [Tensor]
    }

    /// The layers of a level.
    public static let depth = 4
    /// The learning-rate multiplier that weights and biases are stored without.
    public static let multiplier: Float = 0.01
    /// The share of M(w) that is added to w.
    public static let stepSize: Float = 0.1

    /// L, the number of w's in w+.
    public let latentCount: Int
    /// d, the width of w.
    public let wDimension: Int
    /// Those that there are, the coarsest first.
    public let levels: [Level]

    /// - Parameter levels: not empty, and of `depth` layers of the right shapes.
    init(latentCount: Int, wDimension: Int, levels: [Level]) {
        self.latentCount = latentCount
        self.wDimension = wDimension
        self.levels = levels
    }

    /// A mapper to be trained: weights from N(0, 100²), as 0.01 of them is N(0, 1); no biases.
    /// - Parameter levels: those that the generator has no w's for are left out.
    /// - Throws: `ShapeError` where memory cannot hold such weights.
    public init(
        seed: UInt32, levels: [MapperLevel], latentCount: Int, wDimension: Int
    ) throws(ShapeError) {
        var random = NumPyRandomState(seed: seed)
        let shape = try Shape([wDimension, wDimension])
        let made = try MapperLevel.allCases.filter(levels.contains)
            .filter { !$0.latents(of: latentCount).isEmpty }
            .map { level throws(ShapeError) in
                let weights = try (0..<Self.depth).map { _ throws(ShapeError) in
                    try Tensor(random.gaussians(shape.count).map { $0 / Self.multiplier }, shape: shape)
                }
                let bias = try Tensor(zeros: Shape([wDimension]))
                return Level(
                    level: level, weights: weights, biases: Array(repeating: bias, count: Self.depth))
            }
        self.init(latentCount: latentCount, wDimension: wDimension, levels: made)
    }

    /// Every tensor by the name that the published checkpoints have for it: `mapper.course_mapping.mapping.1.weight`.
    public var tensors: [(name: String, values: Tensor)] {
        levels.flatMap { level in
            (0..<Self.depth).flatMap { layer in
                [
                    (Self.name(level.level, layer, "weight"), level.weights[layer]),
                    (Self.name(level.level, layer, "bias"), level.biases[layer]),
                ]
            }
        }
    }

    /// ŵ = w + k · step, with the step as `MapperNetwork` gives it.
    public static func edited(_ w: Tensor, by step: Tensor, strength: Float = 1) -> Tensor {
        var edited = w
        edited.withUnsafeMutableValues { edited in
            step.withUnsafeValues { step in
                for i in edited.indices { edited[i] += strength * step[i] }
            }
        }
        return edited
    }

    /// - Parameter layer: from 0 on; the normalisation is the first of the published module's parts.
    static func name(_ level: MapperLevel, _ layer: Int, _ part: String) -> String {
        "mapper.\(level.rawValue).mapping.\(layer + 1).\(part)"
    }
}
