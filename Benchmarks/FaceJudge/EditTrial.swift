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
        /// How far the attributes that the phrase does not name moved, as a mean share of their ranges.
        public let movement: Float
    }

    /// The strengths that are tried.
    public static let strengths: [Float] = [1, 2, 3, 4, 5, 6, 8, 10]

    private let synthesis: Synthesis
    private let regressor: FaceRegressor
    /// `[N, C_total]`
    private let faces: Tensor
    /// The faces as they are read before an edit.
    public let originals: [FaceParameters]

    /// Draws faces as the commands do, at ψ 0.7.
    ///
    /// - Parameter seed: Another than the sweep's, so that faces are not those the directions were measured on.
    public init(_ generator: Generator, regressor: FaceRegressor, faces count: Int, seed: UInt32) throws {
        synthesis = try Synthesis(generator, batch: regressor.batch)
        self.regressor = regressor
        let z = try LatentSamples.images(0..<count, seed: seed, dimension: generator.configuration.zDimension)
        faces = try generator.styles(z: z, truncation: Truncation())
        originals = try Self.read(faces, synthesis, regressor)
    }

    /// The faces as they are read after s' = s + α ∆s.
    public func edited(by direction: Direction, alpha: Float) throws -> [FaceParameters] {
        try Self.read(moved(by: direction, alpha: alpha), synthesis, regressor)
    }

    /// Edits the faces and holds them to what the phrase asks.
    public func outcome(
        of expectation: EditExpectation, direction: Direction, alpha: Float
    ) throws -> Outcome {
        let edited = try edited(by: direction, alpha: alpha)
        let others = originals.indices.filter { !expectation.rule.holds(for: originals[$0]) }
        let reached = others.filter { expectation.rule.holds(for: edited[$0]) }.count
        var movement: Float = 0
        for (before, after) in zip(originals, edited) {
            for attribute in expectation.unnamed { movement += after.movement(of: attribute, from: before) }
        }
        return Outcome(
            alpha: alpha, reached: Float(reached) / Float(max(1, others.count)),
            movement: movement / Float(max(1, originals.count * expectation.unnamed.count)))
    }

    /// The weakest strength that reaches nearly as many faces as the best one does.
    public func bestStrength(for expectation: EditExpectation, direction: Direction) throws -> Float {
        let outcomes = try Self.strengths.map {
            try outcome(of: expectation, direction: direction, alpha: $0)
        }
        let best = outcomes.map(\.reached).max() ?? 0
        return outcomes.first { $0.reached >= best - 0.03 }?.alpha ?? 0
    }

    private func moved(by direction: Direction, alpha: Float) throws -> Tensor {
        var moved = faces
        moved.withUnsafeMutableValues { styles in
            for i in styles.indices { styles[i] += alpha * direction.change[i % direction.change.count] }
        }
        return moved
    }

    private static func read(
        _ styles: Tensor, _ synthesis: Synthesis, _ regressor: FaceRegressor
    ) throws -> [FaceParameters] {
        let (count, width) = (styles.shape[0], styles.shape[1])
        var faces: [FaceParameters] = []
        for first in stride(from: 0, to: count, by: synthesis.batch) {
            let samples = min(synthesis.batch, count - first)
            let part = try styles.withUnsafeValues {
                try Tensor($0[first * width..<(first + samples) * width], shape: [samples, width])
            }
            faces += try regressor(synthesis.images(styles: part))
        }
        return faces
    }
}
