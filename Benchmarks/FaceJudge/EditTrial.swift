import Editing
import Relevance
import StyleGAN
import Tensors

/// Random faces, moved along directions and judged by what the regressor then reads off them.
public final class EditTrial {
    /// What became of the faces at one strength.
    public struct Outcome: Sendable {
        public let alpha: Float
        /// The share that reached the phrase of the faces that had not been there, from 0 to 1.
        public let reached: Float
        /// The number of faces that had not been there.
        public let others: Int
        /// How far the attributes that the phrase does not name moved, as a mean share of their ranges.
        public let movement: Float
    }

    /// The strengths that are tried.
    public static let strengths: [Float] = [1, 2, 3, 4, 5, 6, 8, 10]

    private let renderer: DirectionRenderer
    private let regressor: FaceRegressor
    /// `[N, C_total]`
    private let faces: Tensor
    /// The faces' seed, and their truncation.
    public let seed: UInt32
    public let truncation = Truncation()
    /// The faces as they are read before an edit.
    public let originals: [FaceParameters]

    /// Draws faces as the commands do, at ψ 0.7.
    ///
    /// - Parameter seed: Another than the sweep's, so that faces are not those the directions were measured on.
    public init(_ generator: Generator, regressor: FaceRegressor, faces count: Int, seed: UInt32) throws {
        renderer = try DirectionRenderer(generator, batch: regressor.batch)
        self.regressor = regressor
        self.seed = seed
        faces = try renderer.styles(images: 0..<count, seed: seed, truncation: truncation)
        originals = try regressor.read(renderer.images(styles: faces))
    }

    /// The faces as they are read after s' = s + α ∆s.
    public func edited(by direction: Direction, alpha: Float) throws -> [FaceParameters] {
        try read(DirectionRenderer.moved(faces, along: direction.change, strengths: [alpha]))
    }

    /// Faces as they are read off the pictures of their style codes, `[N, C_total]`.
    public func read(_ styles: Tensor) throws -> [FaceParameters] {
        try regressor.read(renderer.images(styles: styles))
    }

    /// Edits the faces and holds them to what the phrase asks.
    public func outcome(
        of expectation: EditExpectation, direction: Direction, alpha: Float
    ) throws -> Outcome {
        outcome(of: expectation, edited: try edited(by: direction, alpha: alpha), alpha: alpha)
    }

    /// Holds the faces, as they are read after some edit, to what the phrase asks.
    public func outcome(
        of expectation: EditExpectation, edited: [FaceParameters], alpha: Float = 0
    ) -> Outcome {
        let others = originals.indices.filter { !expectation.rule.holds(for: originals[$0]) }
        let reached = others.filter { expectation.rule.holds(for: edited[$0]) }.count
        var movement: Float = 0
        for (before, after) in zip(originals, edited) {
            for attribute in expectation.unnamed { movement += after.movement(of: attribute, from: before) }
        }
        return Outcome(
            alpha: alpha, reached: Float(reached) / Float(max(1, others.count)),
            others: others.count,
            movement: movement / Float(max(1, originals.count * expectation.unnamed.count)))
    }

    /// How far an attribute moved of the faces that an edit was made of, as a mean share of its range.
    public func movement(of attribute: Attribute, direction: Direction, alpha: Float) throws -> Float {
        let edited = try edited(by: direction, alpha: alpha)
        let moved = zip(originals, edited).reduce(0) { $0 + $1.1.movement(of: attribute, from: $1.0) }
        return moved / Float(max(1, originals.count))
    }

    /// The strength that brings the most faces to the phrase; of equals the weakest.
    public func bestStrength(for expectation: EditExpectation, direction: Direction) throws -> Float {
        let outcomes = try Self.strengths.map {
            try outcome(of: expectation, direction: direction, alpha: $0)
        }
        let best = outcomes.map(\.reached).max() ?? 0
        return outcomes.first { $0.reached == best }?.alpha ?? 0
    }
}
