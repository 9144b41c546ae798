import Tensors

/// A tensor or array of a type that does not become float32: its file opens all the same, and names it.
struct UnreadableTensor: Sendable {
    let shape: Shape
    /// The type as the file spells it.
    let type: String
    /// Bytes in the file.
    let byteCount: Int
    /// What is thrown where its numbers are asked for.
    let error: FormatError
}
