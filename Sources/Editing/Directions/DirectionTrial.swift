import CLIP
import Relevance
import StyleGAN
import Tensors

/// Moves a few faces along directions and measures what comes of it: how far towards the phrase, and what else moves.
///
/// One thread uses an object.
public final class DirectionTrial {
    /// What edits of one direction and strength did, as means over the faces.
    public struct Outcome: Hashable, Sendable {
        public let strength: Float
        /// How far the pictures' unit embeddings moved along ∆t.
        public let gain: Float
        /// How far they moved across it: the length of the rest of their change.
        public let drift: Float
        /// The mean change of the pixels that changed less than the rest, of a range of 2.
        public let outside: Float
    }

    /// The share of a picture's pixels that count as the region that an edit may change.
    private static let changingShare = 0.25

    private let renderer: DirectionRenderer
    private let encoder: ImageEncoder
    private let strengths: [Float]
    /// A style code for each face: `[1, C_total]`.
    private let faces: [Tensor]
    /// Each face's picture as values, and its unit embedding.
    private let originals: [(pixels: [Float], embedding: [Double])]

    /// The number of faces.
    public var count: Int { faces.count }

    /// Draws the faces.
    ///
    /// - Parameters:
    ///   - count: How many faces, or all of the source's where there are fewer.
    ///   - strengths: The α at which directions will be tried.
    /// - Throws: `GeneratorError`, `CLIPError`.
    public init(
        _ generator: Generator, _ model: CLIPModel, faces count: Int, from source: FaceSource,
        strengths: [Float]
    ) throws {
        renderer = try DirectionRenderer(generator, batch: max(1, strengths.count))
        encoder = try model.imageEncoder(
            batch: max(1, strengths.count), imageResolution: generator.configuration.resolution,
            imageWidth: generator.configuration.width)
        self.strengths = strengths
        let (renderer, encoder) = (renderer, encoder)
        faces = try (0..<source.count(wanted: count)).map { try renderer.style(ofFace: $0, from: source) }
        originals = try faces.map { style in
            let image = try renderer.images(styles: style)
            let embedding = try encoder.embed(image)
            return (image.values, Self.unit(embedding.values[...]))
        }
    }

    /// The outcomes of a direction ∆s at every strength.
    /// - Throws: `ShapeError` where the direction is of another generator; `RelevanceError.count` where ∆t is of
    ///   another CLIP.
    public func outcomes(of change: [Float], along text: TextDirection) throws -> [Outcome] {
        var sums = [(gain: Double, drift: Double, outside: Double)](
            repeating: (0, 0, 0), count: strengths.count)
        for (style, original) in zip(faces, originals) {
            let moved = try DirectionRenderer.moved(style, along: change, strengths: strengths)
            let images = try renderer.images(styles: moved)
            let embeddings = try encoder.embed(images)
            guard embeddings.shape[1] == text.values.count else {
                throw RelevanceError.count(
                    what: "numbers of a text direction", found: text.values.count,
                    expected: embeddings.shape[1])
            }
            let (pixels, rows) = (images.values, embeddings.values)
            let (size, width) = (original.pixels.count, text.values.count)
            for i in strengths.indices {
                let change = zip(Self.unit(rows[i * width..<(i + 1) * width]), original.embedding).map(-)
                let gain = zip(change, text.values).reduce(0) { $0 + $1.0 * Double($1.1) }
                let whole = change.reduce(0) { $0 + $1 * $1 }
                sums[i].gain += gain
                sums[i].drift += max(0, whole - gain * gain).squareRoot()
                sums[i].outside += Self.outside(pixels[i * size..<(i + 1) * size], original.pixels)
            }
        }
        let count = Double(max(1, faces.count))
        return zip(strengths, sums).map { strength, sum in
            Outcome(
                strength: strength, gain: Float(sum.gain / count), drift: Float(sum.drift / count),
                outside: Float(sum.outside / count))
        }
    }

    /// The mean change of all pixels but the quarter that changed most; images are planes of three colours.
    static func outside(_ edited: ArraySlice<Float>, _ original: [Float]) -> Double {
        let count = original.count / 3
        let changes = (0..<count).map { pixel in
            (0..<3).reduce(0.0) { sum, colour in
                let place = colour * count + pixel
                // The generator goes beyond ±1, a picture does not.
                let before = min(1, max(-1, original[place]))
                let after = min(1, max(-1, edited[edited.startIndex + place]))
                return sum + Double(abs(after - before))
            } / 3
        }
        let rest = changes.sorted().prefix(count - Int(Double(count) * changingShare))
        return rest.isEmpty ? 0 : rest.reduce(0, +) / Double(rest.count)
    }

    private static func unit(_ values: ArraySlice<Float>) -> [Double] {
        let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        return values.map { norm > 0 ? Double($0) / norm : 0 }
    }
}
