import NeuralLayers
import Tensors

/// The way back through an `ImagePreparation`: from gradients of patches to gradients of the image.
///
/// Where a pixel was clamped, nothing goes back. Belongs to one thread at a time; nothing is allocated when it runs.
final class ImagePreparationGradient {
    private let preparation: ImagePreparation
    private let resize: BicubicResizeGradient?
    /// The gradient of an image at CLIP's size, `[3, h × w]`.
    private let pixels: Activations

    /// - Parameters:
    ///   - preparation: what the image went through last.
    ///   - height: of the image given.
    ///   - width: likewise.
    init(_ preparation: ImagePreparation, height: Int, width: Int) throws(NeuralLayerError) {
        self.preparation = preparation
        let (rows, columns) = (preparation.rows.count, preparation.columns.count)
        resize =
            rows == height && columns == width
            ? nil
            : try BicubicResizeGradient(
                inputHeight: height, inputWidth: width, outputHeight: rows, outputWidth: columns)
        pixels = try Activations(rows: 3, width: rows * columns)
    }

    /// - Parameters:
    ///   - source: `[…, 3 P P]`, from `row` on: a row for the class token, which is left out, then a row a patch.
    ///   - image: the image's gradient, `[3, H, W]`.
    func callAsFunction(
        _ source: Activations, row: Int, into image: UnsafeMutableBufferPointer<Float>
    ) {
        let (rows, columns) = (preparation.rows, preparation.columns)
        let patch = preparation.patchSide
        let across = preparation.outputSide / patch
        for colour in 0..<3 {
            let scale = 1 / preparation.deviation[colour]
            let plane = pixels[row: colour]
            for y in rows {
                let line = (y - rows.lowerBound) * columns.count - columns.lowerBound
                for patchColumn in columns.lowerBound / patch...(columns.upperBound - 1) / patch {
                    let gradient = source[row: row + 1 + y / patch * across + patchColumn]
                    let first = patchColumn * patch
                    let from = (colour * patch + y % patch) * patch - first
                    for x in max(first, columns.lowerBound)..<min(first + patch, columns.upperBound) {
                        plane[line + x] = gradient[from + x] * scale
                    }
                }
            }
        }
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
