extension FeatureMap {
    /// The elements of a map blocked by 16, a pixel's block at a time; aligned, because memory begins at a page and a part
    /// of it at a sample.
    var pixels: UnsafeMutablePointer<SIMD16<Float>> {
        guard blockSize == 16, let base = elements.baseAddress else {
            preconditionFailure("only maps blocked by 16 have pixels of 16 channels")
        }
        return UnsafeMutableRawPointer(base).assumingMemoryBound(to: SIMD16<Float>.self)
    }

    /// A row of a plane: of one block of one sample.
    func row(_ plane: Int, _ y: Int) -> UnsafeMutablePointer<SIMD16<Float>> {
        pixels + (plane * height + y) * width
    }
}

extension MemoryBlock {
    var pixels: UnsafeMutablePointer<SIMD16<Float>> { pointer(to: SIMD16<Float>.self) }

    /// Invariant: the block is never empty, aligned to a page, and its users stay within whole elements of it.
    func pointer<Element>(to type: Element.Type) -> UnsafeMutablePointer<Element> {
        guard let base = elements.baseAddress else { preconditionFailure("a block is never empty") }
        return UnsafeMutableRawPointer(base).assumingMemoryBound(to: type)
    }
}
