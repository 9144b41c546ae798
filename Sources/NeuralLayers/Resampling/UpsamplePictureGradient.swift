import Tensors

/// The vector-Jacobian product of `UpsamplePicture`: from ȳ `[N, C, 2H, 2W]` to x̄ `[N, C, H, W]`.
///
/// Along each axis x̄[i] = (ȳ[2i − 1] + 3 ȳ[2i] + 3 ȳ[2i + 1] + ȳ[2i + 2]) / 4, with zeros outside. Belongs to one
/// thread at a time. Nothing is allocated when it runs.
public final class UpsamplePictureGradient {
    private let inputShape: Shape
    private let outputShape: Shape
    /// One output row, summed down the columns, between two zeros.
    private let row: MemoryBlock

    /// - Parameter shape: the shape of the picture that was doubled, `[N, C, H, W]`.
    /// - Throws: `NeuralLayerError.unsupported` where it is not of four positive extents.
    public init(_ shape: Shape) throws(NeuralLayerError) {
        // Checks the extents, before any arithmetic on them.
        _ = try FeatureMap.descriptor(of: shape, .planes)
        inputShape = shape
        outputShape = [shape[0], shape[1], 2 * shape[2], 2 * shape[3]]
        row = MemoryBlock(byteCount: (2 * shape[3] + 2) * 4)
    }

    /// - Parameters:
    ///   - outputGradient: ȳ, `[N, C, 2H, 2W]` in planes.
    ///   - inputGradient: x̄, `[N, C, H, W]` in planes.
    public func callAsFunction(
        _ outputGradient: FeatureMap, into inputGradient: FeatureMap
    ) throws(NeuralLayerError) {
        guard outputGradient.shape == outputShape else {
            throw .mismatch(
                what: "the gradient of a doubled picture", found: outputGradient.shape, expected: outputShape)
        }
        guard inputGradient.shape == inputShape else {
            throw .mismatch(
                what: "the gradient of a picture to double", found: inputGradient.shape, expected: inputShape)
        }
        try outputGradient.requireLayout(.planes, "the gradient of a doubled picture")
        try inputGradient.requireLayout(.planes, "the gradient of a picture to double")
        guard let source = outputGradient.elements.baseAddress,
            let destination = inputGradient.elements.baseAddress, let summed = row.elements.baseAddress
        else { return }
        let (height, width) = (inputGradient.height, inputGradient.width)
        let doubled = 2 * width
        for plane in 0..<inputGradient.batch * inputGradient.channels {
            let picture = source + plane * 4 * height * width
            for y in 0..<height {
                let inner = (picture + 2 * y * doubled, picture + (2 * y + 1) * doubled)
                for x in 0..<doubled { summed[x + 1] = 3 * (inner.0[x] + inner.1[x]) }
                if y > 0 {
                    let above = picture + (2 * y - 1) * doubled
                    for x in 0..<doubled { summed[x + 1] += above[x] }
                }
                if y + 1 < height {
                    let below = picture + (2 * y + 2) * doubled
                    for x in 0..<doubled { summed[x + 1] += below[x] }
                }
                let result = destination + (plane * height + y) * width
                for x in 0..<width {
                    let taps = summed + 2 * x
                    result[x] = (taps[0] + 3 * (taps[1] + taps[2]) + taps[3]) / 16
                }
            }
        }
    }
}
