import NeuralLayers
import Tensors

/// An image on its way to CLIP: clamped to [−1, 1], brought to [0, 1], resampled if its side is not CLIP's (Pillow's
/// bicubic, in floating point), clamped to [0, 1], normalised, and cut into patches.
///
/// Of an image that is not square the whole is kept: its longer side becomes CLIP's, and the rest of the square takes
/// the mean colour, which normalises to zero. CLIP's own preparation would crop a tall picture of a person to the
/// waist.
///
/// Belongs to one thread at a time; nothing is allocated when it runs.
final class ImagePreparation {
    /// The mean and deviation of each colour that OpenAI's CLIPs normalise with.
    static let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
    static let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

    let outputSide, patchSide: Int
    /// The part of the square that the image takes.
    let rows, columns: Range<Int>
    let resize: BicubicResize?
    /// One image in [0, 1], as given and at CLIP's size; both the same where the sizes are equal.
    let given, pixels: Activations
    private let mean: [Float]
    let deviation: [Float]

    /// - Parameters:
    ///   - height: of the images given.
    ///   - width: likewise.
    init(height: Int, width: Int, for configuration: CLIPConfiguration) throws(NeuralLayerError) {
        let side = configuration.imageResolution
        outputSide = side
        patchSide = configuration.patchSize
        mean = configuration.mean
        deviation = configuration.deviation
        let longer = max(height, width)
        let fitted = (
            height: max(1, (height * side + longer / 2) / longer),
            width: max(1, (width * side + longer / 2) / longer)
        )
        let (top, left) = ((side - fitted.height) / 2, (side - fitted.width) / 2)
        rows = top..<top + fitted.height
        columns = left..<left + fitted.width
        let isSame = fitted.height == height && fitted.width == width
        resize =
            isSame
            ? nil
            : try BicubicResize(
                inputHeight: height, inputWidth: width, outputHeight: fitted.height, outputWidth: fitted.width
            )
        pixels = try Activations(rows: 3, width: fitted.height * fitted.width)
        given = try isSame ? pixels : Activations(rows: 3, width: height * width)
    }

    /// - Parameters:
    ///   - image: `[3, H, W]`
    ///   - target: `[…, 3 P P]`; from `row` on, a row for the class token, which stays as it is (zero), then a row a
    ///     patch.
    func patches(of image: UnsafeBufferPointer<Float>, into target: Activations, row: Int) {
        prepare(image)
        let patch = patchSide
        let across = outputSide / patch
        forEachLine { colour, y, line in
            for patchColumn in 0..<across {
                let patchRow = target[row: row + 1 + y / patch * across + patchColumn]
                let to = (colour * patch + y % patch) * patch
                for i in 0..<patch { patchRow[to + i] = line(patchColumn * patch + i) }
            }
        }
    }

    /// - Parameters:
    ///   - image: `[3, H, W]`
    ///   - target: `[3, R, R]`, R being CLIP's resolution.
    func planes(of image: UnsafeBufferPointer<Float>, into target: UnsafeMutableBufferPointer<Float>) {
        prepare(image)
        let side = outputSide
        precondition(target.count == 3 * side * side, "the planes of one image")
        forEachLine { colour, y, line in
            let start = (colour * side + y) * side
            for x in 0..<side { target[start + x] = line(x) }
        }
    }

    /// Every line of the normalised square, as a function from a pixel's column to its value.
    @inline(__always)
    private func forEachLine(_ body: (_ colour: Int, _ y: Int, _ line: (Int) -> Float) -> Void) {
        for colour in 0..<3 {
            let scale = 1 / deviation[colour]
            let shift = -mean[colour] * scale
            let plane = pixels[row: colour]
            for y in 0..<outputSide {
                guard rows.contains(y) else {
                    body(colour, y) { _ in 0 }
                    continue
                }
                let start = (y - rows.lowerBound) * columns.count - columns.lowerBound
                body(colour, y) { x in columns.contains(x) ? plane[start + x] * scale + shift : 0 }
            }
        }
    }

    /// `image` to `pixels`.
    private func prepare(_ image: UnsafeBufferPointer<Float>) {
        let unit = given.elements
        for i in 0..<unit.count { unit[i] = (clamp(image[i], -1, 1) + 1) / 2 }
        guard let resize else { return }
        let resized = pixels.elements
        resize(UnsafeBufferPointer(unit), into: resized, planes: 3)
        for i in 0..<resized.count { resized[i] = clamp(resized[i], 0, 1) }
    }

    /// A NaN stays one.
    @inline(__always)
    private func clamp(_ value: Float, _ low: Float, _ high: Float) -> Float {
        value < low ? low : (value > high ? high : value)
    }
}
