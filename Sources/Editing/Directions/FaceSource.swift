import StyleGAN
import Tensors

/// Where faces come from: a seed, or given style codes.
public enum FaceSource: Sendable {
    /// Of NumPy's `RandomState`.
    case seed(UInt32, Truncation)
    /// `[N, C_total]`, a face a row.
    case styles(Tensor)

    /// As many faces as are wanted, or all where there are fewer.
    public func count(wanted: Int) -> Int {
        switch self {
        case .seed: wanted
        case .styles(let styles): min(wanted, styles.shape[0])
        }
    }
}

extension DirectionRenderer {
    /// The style code of a face: `[1, C_total]`.
    /// - Throws: `GeneratorError`, `RelevanceError.shape`; `ShapeError` where codes are of another generator.
    public func style(ofFace face: Int, from source: FaceSource) throws -> Tensor {
        switch source {
        case .seed(let seed, let truncation):
            return try styles(images: face..<face + 1, seed: seed, truncation: truncation)
        case .styles(let styles):
            guard styles.shape.rank == 2, (0..<styles.shape[0]).contains(face) else {
                throw ShapeError.mismatch(
                    what: "style codes with one for face \(face)", found: styles.shape,
                    expected: [face + 1, generator.styleSpace.count])
            }
            let width = styles.shape[1]
            return try styles.withUnsafeValues { values in
                try Tensor(values[face * width..<(face + 1) * width], shape: Shape([1, width]))
            }
        }
    }
}
