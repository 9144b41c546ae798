import Tensors
import Testing

@testable import Relevance

@Suite struct EmbeddingSketchTests {
    /// ∆t's in a space of 5 that lie in a plane but for a little.
    private func texts() throws -> [TextDirection] {
        var random = NumPyRandomState(seed: 4)
        let axes = [[1, 0, 2, 0, 1], [0, 1, 0, -1, 1]] as [[Float]]
        return try (0..<40).map { _ in
            let (a, b, noise) = (random.gaussians(1)[0], random.gaussians(1)[0], random.gaussians(5))
            return try TextDirection((0..<5).map { a * axes[0][$0] + b * axes[1][$0] + 0.05 * noise[$0] })
        }
    }

    @Test func leadingDirectionsAreOrthonormalAndHoldWhatTheySay() throws {
        let texts = try texts()
        var before = 0.0
        for count in 1...5 {
            let sketch = try EmbeddingSketch(of: texts, directions: count)
            let rows = sketch.directions
            #expect(rows.shape == [count, 5])
            for i in 0..<count {
                for j in 0..<count {
                    let product = (0..<5).reduce(Float(0)) { $0 + rows[i * 5 + $1] * rows[j * 5 + $1] }
                    #expect(abs(product - (i == j ? 1 : 0)) < 1e-6)
                }
            }
            // Energy by its definition: the projections of unit vectors.
            let share = texts.reduce(0.0) { sum, text in
                sum
                    + (0..<count).reduce(0.0) { sum, k in
                        let along = (0..<5).reduce(0.0) {
                            $0 + Double(rows[k * 5 + $1]) * Double(text.values[$1])
                        }
                        return sum + along * along
                    }
            }
            #expect(abs(sketch.energy - share / Double(texts.count)) < 1e-6)
            #expect(sketch.energy > before)
            before = sketch.energy
        }
        #expect(try EmbeddingSketch(of: texts, directions: 2).energy > 0.99)
        #expect(abs(before - 1) < 1e-9)
    }

    @Test func whatMakesNoSketchIsRefused() throws {
        let texts = try texts()
        for count in [0, 6, -1] {
            #expect(throws: RelevanceError.self) { try EmbeddingSketch(of: texts, directions: count) }
        }
        #expect(throws: RelevanceError.self) { try EmbeddingSketch(of: [], directions: 1) }
    }
}
