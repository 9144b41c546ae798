import NeuralLayers
import Tensors

/// An image on its way to CLIP: clamped to [−1, 1], brought to [0, 1], resampled if its side is not CLIP's (Pillow's
/// bicubic, in floating point), clamped to [0, 1], normalised, and cut into patches.
///
/// Belongs to one thread at a time; nothing is allocated when it runs.
final class ImagePreparation {
    /// The mean and deviation of each colour that all published CLIPs normalise with.
    static let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
    static let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

    private let inputSide, outputSide, patchSide: Int
    private let resize: BicubicResize?
    /// One image in [0, 1], as given and at CLIP's side; the first is empty where the sides are equal.
    private let given, pixels: Activations

    init(side: Int, for configuration: CLIPConfiguration) throws(NeuralLayerError) {
        inputSide = side
        outputSide = configuration.imageResolution
        patchSide = configuration.patchSize
        resize =
            inputSide == outputSide
            ? nil
            : try BicubicResize(
                inputHeight: side, inputWidth: side, outputHeight: outputSide, outputWidth: outputSide)
        pixels = try Activations(rows: 3, width: outputSide * outputSide)
        given = try resize == nil ? pixels : Activations(rows: 3, width: side * side)
    }

    /// - Parameters:
    ///   - image: `[3, R, R]`
    ///   - rows: `[…, 3 P P]`; from `row` on, a row for the class token, which stays as it is (zero), then a row a patch.
    func patches(of image: UnsafeBufferPointer<Float>, into rows: Activations, row: Int) {
        prepare(image)
        let (side, patch) = (outputSide, patchSide)
        let across = side / patch
        for colour in 0..<3 {
            let scale = 1 / Self.deviation[colour]
            let shift = -Self.mean[colour] * scale
            let plane = pixels[row: colour]
            for y in 0..<side {
                for patchColumn in 0..<across {
                    let target = rows[row: row + 1 + y / patch * across + patchColumn]
                    let from = y * side + patchColumn * patch
                    let to = (colour * patch + y % patch) * patch
                    for i in 0..<patch { target[to + i] = plane[from + i] * scale + shift }
                }
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
