import Tensors

/// |found − expected| / |expected|, of all numbers together; infinite where the shapes differ.
public func relativeDistance(_ found: Tensor, _ expected: Tensor) -> Float {
    guard found.shape == expected.shape else { return .infinity }
    var (difference, norm) = (0.0, 0.0)
    for (a, b) in zip(found.values, expected.values) {
        difference += Double(a - b) * Double(a - b)
        norm += Double(b) * Double(b)
    }
    return Float((difference / norm).squareRoot())
}
