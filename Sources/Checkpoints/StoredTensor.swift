import Tensors

/// A tensor as a file holds it: where its numbers are, of which type, and how they are laid out.
struct StoredTensor: Sendable {
    let shape: Shape
    let element: ElementType
    /// Exactly the numbers, in row-major order.
    let bytes: Bytes
    var bigEndian = false

    /// The values as float32: borrowed where they are float32 already and aligned, else converted.
    func load() -> Tensor {
        if element == .float32, !bigEndian, let tensor = bytes.borrowedTensor(shape: shape) { return tensor }
        var tensor = Tensor(zeros: shape)
        tensor.withUnsafeMutableValues { target in
            bytes.withUnsafeBytes { element.convert($0, bigEndian: bigEndian, into: target) }
        }
        return tensor
    }
}
