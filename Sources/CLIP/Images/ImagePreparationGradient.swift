import NeuralLayers
import Tensors

/// The backward pass through an `ImagePreparation`: from gradients of patches to gradients of the image.
///
/// Where a pixel was clamped, nothing goes back. Belongs to one thread at a time; nothing is allocated when it runs.
final class ImagePreparationGradient {
    private let preparation: ImagePreparation
    private let resize: BicubicResizeGradient?
    /// The gradient of an image at CLIP's size, `[3, h × w]`.
    private let pixels: Activations

    /// - Parameter preparation: what the image went through last.
    init(_ preparation: ImagePreparation) throws(NeuralLayerError) {
        self.preparation = preparation
        resize = preparation.resize.map(BicubicResizeGradient.init)
        pixels = try Activations(rows: 3, width: preparation.rows.count * preparation.columns.count)
    }

    /// - Parameters:
    ///   - source: `[…, 3 P P]`, from `row` on: a row for the class token, which is left out, then a row a patch.
    ///   - image: the image's gradient, `[3, H, W]`.
    func callAsFunction(
        fromPatches source: Activations, row: Int, into image: UnsafeMutableBufferPointer<Float>
    ) {
        let (patch, across) = (preparation.patchSide, preparation.outputSide / preparation.patchSide)
        fill { colour, y, x in
            let gradient = source[row: row + 1 + y / patch * across + x / patch]
            return gradient[(colour * patch + y % patch) * patch + x % patch]
        }
        finish(into: image)
    }

    /// - Parameters:
    ///   - source: `[3, R, R]`, R being CLIP's resolution.
    ///   - image: the image's gradient, `[3, H, W]`.
    func callAsFunction(
        fromPlanes source: UnsafeBufferPointer<Float>, into image: UnsafeMutableBufferPointer<Float>
    ) {
        let side = preparation.outputSide
        fill { colour, y, x in source[(colour * side + y) * side + x] }
        finish(into: image)
    }

    /// `pixels` from the gradients of the normalised square; its border has the mean colour, whatever the image.
    @inline(__always)
    private func fill(_ gradient: (_ colour: Int, _ y: Int, _ x: Int) -> Float) {
        let (rows, columns) = (preparation.rows, preparation.columns)
        for colour in 0..<3 {
            let scale = 1 / preparation.deviation[colour]
            let plane = pixels[row: colour]
            for y in rows {
                let line = (y - rows.lowerBound) * columns.count - columns.lowerBound
                for x in columns { plane[line + x] = gradient(colour, y, x) * scale }
            }
        }
    }

    /// From `pixels` to the image.
    private func finish(into image: UnsafeMutableBufferPointer<Float>) {
        if let resize {
            stop(pixels.elements, where: preparation.pixels)
            resize(UnsafeBufferPointer(pixels.elements), into: image, planes: 3)
        } else {
            _ = image.update(fromContentsOf: pixels.elements)
        }
        stop(image, where: preparation.given)
        // Brought from −1…1 to 0…1.
        for i in image.indices { image[i] /= 2 }
    }

    /// Zero where a value in [0, 1] was clamped to one of the two.
    private func stop(_ gradient: UnsafeMutableBufferPointer<Float>, where clamped: Activations) {
        let values = clamped.elements
        for i in values.indices where values[i] <= 0 || values[i] >= 1 { gradient[i] = 0 }
    }
}
