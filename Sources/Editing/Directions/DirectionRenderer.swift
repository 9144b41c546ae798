import Relevance
import StyleGAN
import Tensors

/// Draws pictures along a direction: G(s + α ∆s).
///
/// One thread uses an object. A picture does not depend on the others that it is drawn with.
public final class DirectionRenderer {
    let generator: Generator
    private let synthesis: Synthesis

    /// - Parameter batch: Pictures drawn at a time.
    /// - Throws: `GeneratorError` where the generator takes no such batch.
    public init(_ generator: Generator, batch: Int = 8) throws(GeneratorError) {
        self.generator = generator
        synthesis = try Synthesis(generator, batch: batch)
    }

    /// The style codes of some of a seed's images: `[images.count, C_total]`.
    /// - Throws: `GeneratorError`, `RelevanceError.shape`.
    public func styles(images: Range<Int>, seed: UInt32, truncation: Truncation) throws -> Tensor {
        let z = try LatentSamples.images(images, seed: seed, dimension: generator.configuration.zDimension)
        return try generator.styles(z: z, truncation: truncation)
    }

    /// Every style code moved by every strength, s + α ∆s: `[N · strengths.count, C_total]`, code by code.
    ///
    /// - Parameters:
    ///   - styles: `[N, C_total]`.
    ///   - change: ∆s, `[C_total]`.
    ///   - strengths: α, negative ones away from the phrase.
    /// - Throws: `ShapeError` where the direction is of another generator.
    public static func moved(
        _ styles: Tensor, along change: [Float], strengths: [Float]
    ) throws(ShapeError) -> Tensor {
        let samples = styles.shape.rank > 0 ? styles.shape[0] : 0
        try styles.requireShape(Shape([samples, change.count]), of: "styles to be moved")
        let count = try Shape([samples, strengths.count])
        var moved = Tensor(zeros: try Shape([count.count, change.count]))
        styles.withUnsafeValues { styles in
            moved.withUnsafeMutableValues { moved in
                var next = 0
                for sample in 0..<samples {
                    for strength in strengths {
                        for channel in change.indices {
                            moved[next] = styles[sample * change.count + channel] + strength * change[channel]
                            next += 1
                        }
                    }
                }
            }
        }
        return moved
    }

    /// Pictures of any number of style codes `[N, C_total]`, batch by batch: `[N, 3, H, W]`, about -1…1.
    /// - Throws: `GeneratorError` where the styles have another shape; `ShapeError` where there are too many.
    public func images(styles: Tensor) throws -> Tensor {
        let (height, pixelWidth) = (generator.configuration.resolution, generator.configuration.width)
        let (samples, width) = (styles.shape[0], generator.styleSpace.count)
        try styles.requireShape(Shape([samples, width]), of: "styles")
        let size = 3 * height * pixelWidth
        var images = Tensor(zeros: try Shape([samples, 3, height, pixelWidth]))
        for first in stride(from: 0, to: samples, by: synthesis.batch) {
            let count = min(synthesis.batch, samples - first)
            let part = styles.withUnsafeValues { Array($0[first * width..<(first + count) * width]) }
            let drawn = try synthesis.images(styles: Tensor(part, shape: [count, width]))
            drawn.withUnsafeValues { drawn in
                images.withUnsafeMutableValues { images in
                    for i in 0..<count * size { images[first * size + i] = drawn[i] }
                }
            }
        }
        return images
    }
}
