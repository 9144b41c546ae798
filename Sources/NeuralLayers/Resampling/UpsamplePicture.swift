import Tensors

/// StyleGAN2's doubling of a picture on the skip path, `[N, C, H, W]` to `[N, C, 2H, 2W]`: zeros between the pixels,
/// then [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 16, as `upfirdn2d(up: 2, padding: [2, 1, 2, 1], gain: 4)` has it.
///
/// Along each axis an even pixel is (x[i − 1] + 3 x[i]) / 4 and an odd one (3 x[i] + x[i + 1]) / 4, with zeros
/// outside. Belongs to one thread at a time. Nothing is allocated when it runs.
public final class UpsamplePicture {
    private let inputShape: Shape
    private let outputShape: Shape
    /// One input row, doubled downwards, between two zeros.
    private let row: MemoryBlock

    /// - Parameter shape: the input's, `[N, C, H, W]`.
    /// - Throws: `NeuralLayerError.unsupported` where it is not of four positive extents.
    public init(_ shape: Shape) throws(NeuralLayerError) {
        // Checks the extents, before any arithmetic on them.
        _ = try FeatureMap.descriptor(of: shape, .planes)
        inputShape = shape
        outputShape = [shape[0], shape[1], 2 * shape[2], 2 * shape[3]]
        row = MemoryBlock(byteCount: (shape[3] + 2) * 4)
    }

    /// - Parameters:
    ///   - input: `[N, C, H, W]` in planes.
    ///   - output: `[N, C, 2H, 2W]` in planes, other memory than the input's.
    public func callAsFunction(
        _ input: FeatureMap, into output: FeatureMap
    ) throws(NeuralLayerError) {
        guard input.shape == inputShape else {
            throw .mismatch(what: "a picture to double", found: input.shape, expected: inputShape)
        }
        guard output.shape == outputShape else {
            throw .mismatch(what: "a doubled picture", found: output.shape, expected: outputShape)
        }
        try input.requireLayout(.planes, "doubling a picture")
        try output.requireLayout(.planes, "a doubled picture")
        guard let source = input.elements.baseAddress, let destination = output.elements.baseAddress,
            let blended = row.elements.baseAddress
        else { return }
        let width = input.width
        let height = input.height
        for plane in 0..<input.batch * input.channels {
            let picture = source + plane * height * width
            for y in 0..<2 * height {
                let near = y / 2
                let far = y.isMultiple(of: 2) ? near - 1 : near + 1
                let nearRow = picture + near * width
                if far >= 0 && far < height {
                    let farRow = picture + far * width
                    for x in 0..<width { blended[x + 1] = 3 * nearRow[x] + farRow[x] }
                } else {
                    for x in 0..<width { blended[x + 1] = 3 * nearRow[x] }
                }
                let result = destination + (plane * 2 * height + y) * 2 * width
                for x in 0..<width {
                    result[2 * x] = (blended[x] + 3 * blended[x + 1]) / 16
                    result[2 * x + 1] = (3 * blended[x + 1] + blended[x + 2]) / 16
                }
            }
        }
    }
}
